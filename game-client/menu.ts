/** The first screen: a name, a topology, and in. What can be chosen comes from the registry of topologies. */
import { TOPOLOGIES, type Topology } from '../netcode/topologies/index.ts';
import type { PageConfig } from './config.ts';
import { fromMarkup, part, setText } from './dom.ts';
import type { Choice } from './match/match.ts';
import { type Place, wayInto } from './match/ways.ts';
import { RoomDialog } from './room-dialog.ts';

const LONGEST_NAME = 16;
const NAMES = ['Ada', 'Blitz', 'Cobalt', 'Dory', 'Echo', 'Fennel', 'Gizmo', 'Hazel', 'Indigo', 'Juno', 'Kiwi', 'Lumen'];
const REMEMBERED = 'netbed.name';

export class Menu {
  readonly #root: HTMLElement;
  readonly #name: HTMLInputElement;
  readonly #notice: HTMLElement;
  readonly #cards: HTMLButtonElement[] = [];
  readonly #config: PageConfig;
  readonly #dialog: RoomDialog;

  constructor(root: HTMLElement, config: PageConfig, onChoose: (choice: Choice) => void) {
    this.#root = root;
    this.#config = config;
    const choose = (topology: Topology, place: Place) => onChoose(this.choice(topology, place));
    this.#dialog = new RoomDialog(choose);
    const pucks = Array.from({ length: 7 }, (_, index) => `<i class="puck puck-${index}"></i>`).join('');
    root.append(
      fromMarkup(`<div class="backdrop" aria-hidden="true">${pucks}</div>`),
      fromMarkup(`<div class="menu-box">
        <h1>netbed</h1>
        <p class="lead">One arena, several ways to network it. <br />Join a match and feel the difference.</p>
        <label class="name">Your name
          <input type="text" data-part="name" maxlength="${LONGEST_NAME}" autocomplete="nickname" spellcheck="false" /></label>
        <div class="cards" data-part="cards"></div>
        <p class="notice" data-part="notice" role="alert"></p>
        <ul class="keys">
          <li class="for-mouse"><kbd>W</kbd><kbd>A</kbd><kbd>S</kbd><kbd>D</kbd> walk</li>
          <li class="for-mouse"><kbd>mouse</kbd> aim, click to shoot</li>
          <li class="for-mouse"><kbd>B</kbd> buy a shield for 5 coins</li>
          <li class="for-mouse"><kbd>N</kbd> network panel</li>
          <li class="for-touch">left thumb walks, right thumb aims and shoots</li>
        </ul>
      </div>`),
    );
    this.#name = part<HTMLInputElement>(root, 'name');
    this.#notice = part(root, 'notice');
    this.#name.value = config.name || remembered() || NAMES[Math.floor(Math.random() * NAMES.length)]!;
    root.append(this.#dialog.element);
    const cards = part(root, 'cards');
    for (const topology of TOPOLOGIES) if (wayInto(topology.id)) cards.append(this.#createCard(topology, choose));
    this.#name.addEventListener('keydown', (event) => {
      if (event.key === 'Enter') this.#cards.find((card) => !card.disabled)?.click();
    });
    if (this.#cards.every((card) => card.disabled)) {
      this.show('No match is running for this page. Start one with: npm run play');
    }
  }

  /** A button that joins the running match, and below it one for rooms, where there are any. */
  #createCard(topology: Topology, choose: (topology: Topology, place: Place) => void): HTMLElement {
    const { id, title, links } = topology;
    const { urls, rendezvousUrl } = this.#config;
    const card = fromMarkup(`<div class="card-slot"><button type="button" class="choice" data-topology="${id}">
      <strong>${id}</strong><span>${title.replace(`${id}: `, '')}</span><small>${links}</small></button></div>`);
    const button = card.querySelector<HTMLButtonElement>('.choice')!;
    const way = wayInto(id);
    button.disabled = !urls[id] || !way;
    if (button.disabled) card.querySelector('small')!.textContent = 'not running here';
    button.addEventListener('click', () => choose(topology, { type: 'running' }));
    this.#cards.push(button);
    if (way?.newRoom && rendezvousUrl) {
      const rooms = fromMarkup(
        `<button type="button" class="to-rooms" data-rooms="${id}">join or make a room …</button>`,
      );
      rooms.addEventListener('click', () => this.askForRoom(topology));
      card.append(rooms);
    }
    return card;
  }

  /** Opens the dialog that asks for a room, with a code already filled in if there is one. */
  askForRoom(topology: Topology, code = ''): void {
    const newRoom = wayInto(topology.id)?.newRoom;
    if (newRoom) this.#dialog.open(topology, newRoom, code);
  }

  /** What is played when a place of a topology is chosen now. */
  choice(topology: Topology, place: Place): Choice {
    const { urls, rendezvousUrl } = this.#config;
    return { topology, place, rendezvousUrl, url: urls[topology.id] ?? '', name: this.#takeName() };
  }

  /** Shows the menu, with a sentence about why one is back here. */
  show(notice = ''): void {
    this.#root.hidden = false;
    setText(this.#notice, notice);
  }

  hide(): void {
    this.#root.hidden = true;
  }

  #takeName(): string {
    const name = this.#name.value.trim().slice(0, LONGEST_NAME) || NAMES[0]!;
    try {
      localStorage.setItem(REMEMBERED, name);
    } catch {
      // A page without storage asks again next time.
    }
    return name;
  }
}

function remembered(): string | null {
  try {
    return localStorage.getItem(REMEMBERED);
  } catch {
    return null;
  }
}
