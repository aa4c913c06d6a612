/** One match on the screen: wires the match to the scene, the controls and the overlays, and takes it all down again. */
import type * as Phaser from 'phaser';
import type { Timer } from '../links/timer.ts';
import { fromMarkup, part, setText } from './dom.ts';
import { Fog } from './hud/fog.ts';
import { Hud } from './hud/hud.ts';
import { Invitation } from './hud/invitation.ts';
import { Minimap } from './hud/minimap.ts';
import { Scoreboard } from './hud/scoreboard.ts';
import { Controls } from './input/controls.ts';
import { listenToKeyboardAndMouse } from './input/keyboard-mouse.ts';
import { listenToTouch } from './input/touch.ts';
import { type Choice, Match } from './match/match.ts';
import type { NetworkOverlay } from './match/participant.ts';
import type { Toggles } from './panel/gauges.ts';
import { NetworkPanel } from './panel/network-panel.ts';
import { startScene } from './scene/arena-scene.ts';

export interface PlayOptions extends Choice {
  stage: HTMLElement;
  overlay: HTMLElement;
  timer: Timer;
  /** The match is over, or the player left it; the reason is empty when it was the player's own wish. */
  onLeave: (reason: string) => void;
}

const TOPBAR = `<nav class="topbar">
  <button type="button" data-part="leave" title="Leave the match">‹ netbed</button>
  <span class="badge" data-part="topology"></span>
  <button type="button" data-part="network" aria-expanded="false" title="Network panel"><kbd>N</kbd>
    <span data-part="rtt">network</span></button>
  <button type="button" class="room" data-part="room" aria-expanded="false" title="The room: how others join" hidden></button>
</nav>`;

export class Play {
  readonly match: Match;
  readonly controls = new Controls();
  readonly #options: PlayOptions;
  readonly #game: Phaser.Game;
  readonly #hud: Hud;
  readonly #scoreboard = new Scoreboard();
  readonly #fog = new Fog();
  readonly #minimap = new Minimap();
  readonly #invitation = new Invitation();
  readonly #panel: NetworkPanel;
  readonly #toggles: Toggles = { ghosts: false, links: false };
  readonly #topbar = fromMarkup(TOPBAR);
  readonly #rtt = part(this.#topbar, 'rtt');
  readonly #undo: (() => void)[] = [];

  constructor(options: PlayOptions) {
    const { stage, overlay, topology, name } = options;
    this.#options = options;
    this.#hud = new Hud(() => this.controls.pressBuy());
    this.#hud.wait(`joining ${topology.title} …`);
    this.match = new Match({
      ...options,
      sample: () => this.controls.sample(),
      onWaiting: (text) => this.#hud.wait(text),
      onRoster: (entries, total) => {
        const { view } = this.match.session;
        if (view) this.#scoreboard.show(entries, total, view.self, name);
      },
      onNotice: (text) => this.#hud.toast(text, performance.now()),
      onRoom: (code) => this.#showRoom(code),
      onEnd: (reason) => this.leave(reason),
    });
    this.#panel = new NetworkPanel(this.match, this.#toggles);
    this.#game = startScene(stage, {
      drawn: (nowMs) => this.match.drawn(nowMs),
      latest: () => this.match.participant.truth,
      aim: () => this.controls.aim,
      showsGhosts: () => this.#toggles.ghosts,
      nameOf: (player) => this.match.participant.nameOf(player),
      links: (nowMs) => (this.#toggles.links ? this.#overlay?.links(nowMs) : null) ?? [],
      truePlaces: (nowMs) => (this.#toggles.ghosts ? this.#overlay?.truePlaces(nowMs) : null) ?? [],
      onFrame: (view, changes, nowMs, pixelsPerUnit) => {
        this.#fog.fit(pixelsPerUnit);
        this.#hud.update(view, changes, nowMs);
        this.#minimap.update(view, nowMs);
        this.#scoreboard.showLine(view.self);
        this.#panel.update(nowMs);
        const { rttMs } = this.match.session;
        setText(this.#rtt, Number.isFinite(rttMs) ? `${Math.round(rttMs)} ms` : 'network');
      },
    });
    this.#layOut(overlay, stage);
  }

  get #overlay(): NetworkOverlay | null {
    return this.match.participant.overlay;
  }

  get fps(): number {
    return this.#game.loop.actualFps;
  }

  leave(reason = ''): void {
    for (const undo of this.#undo.splice(0)) undo();
    this.match.leave();
    this.#game.destroy(true);
    this.#options.overlay.replaceChildren();
    this.#options.onLeave(reason);
  }

  /** A room that was made here is shown large; the others know its code already. */
  #showRoom(code: string): void {
    const { topology, place } = this.#options;
    if (place.type === 'running') return;
    const room = part(this.#topbar, 'room');
    setText(room, code);
    room.hidden = false;
    this.#invitation.show(topology.id, code);
    if (place.type !== 'new') this.#invitation.toggle();
    room.setAttribute('aria-expanded', `${place.type === 'new'}`);
  }

  #layOut(overlay: HTMLElement, stage: HTMLElement): void {
    const left = fromMarkup('<div class="column left"></div>');
    const right = fromMarkup('<div class="column right"></div>');
    const sticks = fromMarkup('<div class="sticks"></div>');
    left.append(this.#topbar, this.#invitation.element, this.#panel.element);
    right.append(this.#scoreboard.element, this.#minimap.element);
    overlay.replaceChildren(this.#fog.element, sticks, this.#hud.element, left, right);
    setText(part(this.#topbar, 'topology'), this.match.topology.id);
    part(this.#topbar, 'leave').addEventListener('click', () => this.leave());
    const network = part(this.#topbar, 'network');
    const room = part(this.#topbar, 'room');
    // There is place for one of them only.
    const togglePanel = () => {
      const isShown = this.#panel.toggle();
      network.setAttribute('aria-expanded', `${isShown}`);
      network.blur();
      if (isShown && !this.#invitation.element.hidden) toggleRoom();
    };
    const toggleRoom = () => {
      const isShown = this.#invitation.toggle();
      room.setAttribute('aria-expanded', `${isShown}`);
      room.blur();
      if (isShown && !this.#panel.element.hidden) togglePanel();
    };
    network.addEventListener('click', togglePanel);
    room.addEventListener('click', toggleRoom);
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
      if (event.code === 'KeyN') togglePanel();
      else if (event.code === 'Escape') this.leave();
    };
    window.addEventListener('keydown', onKey);
    this.#undo.push(
      () => window.removeEventListener('keydown', onKey),
      listenToKeyboardAndMouse(this.controls, stage),
      listenToTouch(this.controls, stage, sticks),
    );
  }
}
