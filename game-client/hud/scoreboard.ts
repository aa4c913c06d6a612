/** The best players and oneself. On a phone it is one line that opens on a tap. */
import type { RosterEntry } from '../../netcode/session.ts';
import type { SelfView } from '../../netcode/view.ts';
import { fromMarkup, keepRows, part, rowAt, setText, setTexts } from '../dom.ts';

const SHOWN_ENTRIES = 8;
const COLUMNS = 5;

const MARKUP = `
<section class="scoreboard card" aria-label="Scoreboard">
  <button type="button" class="score-line" data-part="line" aria-expanded="false"></button>
  <table>
    <thead><tr><th></th><th>player</th><th title="score">score</th><th title="kills">K</th><th title="deaths">D</th></tr></thead>
    <tbody data-part="rows"></tbody>
    <caption class="unknown" data-part="unknown" hidden>– : nobody tells it</caption>
  </table>
</section>`;

export class Scoreboard {
  readonly element = fromMarkup(MARKUP);
  readonly #line = part<HTMLButtonElement>(this.element, 'line');
  readonly #rows = part(this.element, 'rows');
  readonly #unknown = part(this.element, 'unknown');
  #total = 0;
  #rank = 0;

  constructor() {
    this.#line.addEventListener('click', () => {
      this.#line.setAttribute('aria-expanded', `${this.element.classList.toggle('open')}`);
    });
  }

  /**
   * Shows a page of the roster that begins with the best, and oneself below when it is not among them. Where others' scores
   * are not known (NaN) nobody has a rank.
   */
  show(entries: readonly RosterEntry[], total: number, self: SelfView, ownName: string): void {
    this.#total = total;
    const shown = entries.slice(0, SHOWN_ENTRIES);
    const isRanked = entries.every(({ score }) => !Number.isNaN(score));
    const place = entries.findIndex((entry) => entry.player === self.player) + 1;
    this.#rank = isRanked ? place : 0;
    this.#unknown.hidden = isRanked;
    keepRows(this.#rows, shown.length + 1);
    shown.forEach((entry, index) => {
      fillRow(this.#row(index), isRanked ? `${index + 1}` : '', entry, entry.player === self.player);
    });
    const extra = this.#row(shown.length);
    extra.hidden = (place > 0 && place <= shown.length) || self.player < 0;
    fillRow(extra, this.#rank > 0 ? `${this.#rank}` : '·', { ...self, name: ownName }, true);
  }

  /** Own numbers are newer in the view than in any page of the roster. */
  showLine(self: SelfView): void {
    const rank = this.#rank > 0 ? `#${this.#rank} of ${this.#total}` : `${this.#total} players`;
    setText(this.#line, `${self.score} points · ${rank}`);
  }

  #row(index: number): HTMLElement {
    const row = rowAt(this.#rows, index, COLUMNS);
    row.hidden = false;
    return row;
  }
}

function fillRow(row: HTMLElement, rank: string, entry: Omit<RosterEntry, 'player'>, own: boolean): void {
  row.classList.toggle('own', own);
  setTexts(row, [rank, entry.name, numberOr(entry.score), numberOr(entry.kills), numberOr(entry.deaths)]);
}

function numberOr(value: number): string {
  return Number.isNaN(value) ? '–' : `${value}`;
}
