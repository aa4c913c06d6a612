/** What the player must know at a glance: health, shield, purse, score, and that it is down. Plain DOM: crisp at any size. */
import { MAX_HEALTH, SHIELD_ABSORBS, SHIELD_PRICE } from '../../game/constants.ts';
import type { SelfView, View } from '../../netcode/view.ts';
import { fromMarkup, part, setText } from '../dom.ts';
import type { SelfChanges } from '../scene/changes.ts';

const MARKUP = `
<section class="hud">
  <div class="flash" data-part="flash"></div>
  <div class="status card">
    <div class="bar" data-part="health-bar"><i data-part="health-fill"></i><b data-part="shield-fill"></b>
      <span data-part="health-text"></span></div>
    <div class="purse">
      <span class="coins"><i class="coin"></i><span data-part="coins">0</span></span>
      <button type="button" class="buy" data-part="buy"><kbd>B</kbd> shield <i class="coin"></i>${SHIELD_PRICE}</button>
    </div>
  </div>
  <div class="toast" data-part="toast" role="status"></div>
  <div class="down" data-part="down" hidden>
    <h2>You are down</h2>
    <p>Half of your coins lie where you fell.</p>
    <p class="count" data-part="count"></p>
  </div>
  <div class="waiting" data-part="waiting" hidden></div>
</section>`;

const TOAST_MS = 1600;

export class Hud {
  readonly element = fromMarkup(MARKUP);
  readonly #flash = part(this.element, 'flash');
  readonly #healthBar = part(this.element, 'health-bar');
  readonly #healthFill = part(this.element, 'health-fill');
  readonly #shieldFill = part(this.element, 'shield-fill');
  readonly #healthText = part(this.element, 'health-text');
  readonly #coins = part(this.element, 'coins');
  readonly #buy = part<HTMLButtonElement>(this.element, 'buy');
  readonly #toast = part(this.element, 'toast');
  readonly #down = part(this.element, 'down');
  readonly #count = part(this.element, 'count');
  readonly #waiting = part(this.element, 'waiting');
  #toastUntilMs = 0;
  #shownHealth = -1;
  #shownShield = -1;
  #shownCoins = -1;

  constructor(onBuy: () => void) {
    // On press, not on click: a thumb that slides a little still buys.
    this.#buy.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      onBuy();
    });
  }

  update(view: View, changes: SelfChanges, nowMs: number): void {
    const { self } = view;
    this.#showStatus(self);
    if (changes.damage > 0) restartAnimation(this.#flash, 'hurt');
    if (changes.coins > 0) restartAnimation(this.#coins, 'bump');
    if (changes.shieldGained) this.toast('Shield up', nowMs);
    if (this.#toastUntilMs !== 0 && nowMs > this.#toastUntilMs) {
      this.#toastUntilMs = 0;
      this.#toast.classList.remove('shown');
    }
    const down = self.player >= 0 && !self.alive;
    if (this.#down.hidden === down) this.#down.hidden = !down;
    if (down) {
      const seconds = Math.max(1, Math.ceil(self.waitTicks / view.arena.rules.tickRateHz));
      setText(this.#count, `back in ${seconds}`);
    }
  }

  /** One line in the upper middle for a moment. */
  toast(text: string, nowMs: number): void {
    setText(this.#toast, text);
    this.#toast.classList.add('shown');
    this.#toastUntilMs = nowMs + TOAST_MS;
  }

  /** A line over the darkened game while there is nothing to play; empty to take it away. */
  wait(text: string): void {
    setText(this.#waiting, text);
    this.#waiting.hidden = text === '';
  }

  #showStatus(self: SelfView): void {
    if (self.health !== this.#shownHealth || self.shield !== this.#shownShield) {
      this.#shownHealth = self.health;
      this.#shownShield = self.shield;
      this.#healthFill.style.width = `${(100 * self.health) / MAX_HEALTH}%`;
      this.#shieldFill.style.width = `${Math.min(100, (100 * self.shield) / SHIELD_ABSORBS)}%`;
      this.#healthBar.classList.toggle('low', self.health <= 25);
      setText(this.#healthText, self.shield > 0 ? `${self.health} + ${self.shield}` : `${self.health}`);
    }
    if (self.coins !== this.#shownCoins) {
      this.#shownCoins = self.coins;
      setText(this.#coins, `${self.coins}`);
      this.#buy.classList.toggle('ready', self.coins >= SHIELD_PRICE);
    }
  }
}

/** Plays a CSS animation from its start, even when it is still running. */
function restartAnimation(element: HTMLElement, className: string): void {
  element.classList.remove(className);
  void element.offsetWidth;
  element.classList.add(className);
}
