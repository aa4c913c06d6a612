/** Who is in the film: everybody with points, coins and health at this tick; a click follows them. */
import { Status } from '../../game/world.ts';
import { tapeSeatAt } from '../../netcode/lockstep/replay-tape.ts';
import { createRow, fromMarkup, part, setText } from '../dom.ts';
import { RIVALS } from '../palette.ts';
import { ABOVE, type Player } from './player.ts';

const MARKUP = `
<section class="cast card" aria-label="Players">
  <button type="button" class="cast-above" data-part="above" title="Everything, from above (0)">from above</button>
  <table>
    <thead><tr><th></th><th>player</th><th title="score">score</th><th title="coins">◎</th><th title="health">♥</th></tr></thead>
    <tbody data-part="rows"></tbody>
  </table>
</section>`;
const EVERY_MS = 100;

export class Cast {
  readonly element = fromMarkup(MARKUP);
  readonly #player: Player;
  readonly #above = part<HTMLButtonElement>(this.element, 'above');
  readonly #body = part(this.element, 'rows');
  readonly #rows = new Map<number, HTMLElement>();
  #dueMs = 0;

  constructor(player: Player) {
    this.#player = player;
    this.#above.addEventListener('click', () => player.follow(ABOVE));
  }

  nameOf(slot: number): string {
    const { replay, tick } = this.#player.film;
    return tapeSeatAt(replay, slot, tick)?.name ?? `player ${slot}`;
  }

  update(nowMs: number): void {
    if (nowMs < this.#dueMs) return;
    this.#dueMs = nowMs + EVERY_MS;
    const { following, film } = this.#player;
    const { players } = film.world;
    this.#above.setAttribute('aria-pressed', `${following === ABOVE}`);
    for (let slot = 0; slot < players.status.length; slot++) {
      const isThere = players.status[slot] !== Status.empty;
      let row = this.#rows.get(slot);
      if (!row && !isThere) continue;
      row ??= this.#addRow(slot);
      row.hidden = !isThere;
      row.classList.toggle('own', slot === following);
      const health = players.status[slot] === Status.dead ? 'down' : `${players.health[slot]}`;
      const texts = ['', this.nameOf(slot), `${players.score[slot]}`, `${players.coins[slot]}`, health];
      texts.forEach((text, index) => {
        const cell = row.children[index] as HTMLElement;
        setText(index === 1 ? (cell.firstElementChild as HTMLElement) : cell, text);
      });
    }
  }

  #addRow(slot: number): HTMLElement {
    const row = createRow(5);
    row.dataset['slot'] = `${slot}`;
    row.style.setProperty('--hue', RIVALS[slot % RIVALS.length]!);
    // A button, so that the keyboard reaches it; the whole row takes the pointer.
    row.children[1]!.append(fromMarkup('<button type="button"></button>'));
    row.addEventListener('click', () => this.#player.follow(slot));
    const after = [...this.#rows.keys()].filter((other) => other > slot).sort((a, b) => a - b)[0];
    this.#body.insertBefore(row, after === undefined ? null : this.#rows.get(after)!);
    this.#rows.set(slot, row);
    return row;
  }
}
