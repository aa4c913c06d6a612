/** The bar below a replay: play, step, seek, speed, and where the checksums differ. */
import { fromMarkup, part, setText } from '../dom.ts';
import { ABOVE, type Player, SPEEDS } from './player.ts';

const MARKUP = `
<section class="reel card" aria-label="Replay">
  <div class="reel-row">
    <button type="button" data-part="play" class="reel-play" title="Play or pause (space)"></button>
    <button type="button" data-part="back" title="One tick back (←)">‹</button>
    <button type="button" data-part="forth" title="One tick on (→)">›</button>
    <span class="reel-tick">tick <b data-part="tick"></b><small data-part="time"></small></span>
    <span class="reel-speeds" data-part="speeds" role="group" aria-label="Speed"></span>
  </div>
  <div class="reel-track">
    <div class="reel-marks" data-part="marks" aria-hidden="true"></div>
    <input type="range" data-part="seek" step="1" aria-label="Tick" />
  </div>
</section>`;

/** Marks are merged into so many pieces of the track: more would not be told apart. */
const PIECES = 400;

export class Reel {
  readonly element = fromMarkup(MARKUP);
  readonly #player: Player;
  readonly #play = part<HTMLButtonElement>(this.element, 'play');
  readonly #tick = part(this.element, 'tick');
  readonly #time = part(this.element, 'time');
  readonly #seek = part<HTMLInputElement>(this.element, 'seek');
  readonly #speeds: HTMLButtonElement[] = [];

  constructor(player: Player) {
    const { film } = player;
    this.#player = player;
    this.#seek.min = `${film.startTick}`;
    this.#seek.max = `${film.endTick}`;
    this.#seek.addEventListener('input', () => player.seek(Number(this.#seek.value)));
    this.#play.addEventListener('click', () => player.toggle());
    part(this.element, 'back').addEventListener('click', () => this.step(-1));
    part(this.element, 'forth').addEventListener('click', () => this.step(1));
    for (const speed of SPEEDS) {
      const button = fromMarkup(`<button type="button">${speed}×</button>`) as HTMLButtonElement;
      button.addEventListener('click', () => {
        player.speed = speed;
      });
      part(this.element, 'speeds').append(button);
      this.#speeds.push(button);
    }
    this.#markDifferences();
    for (const { tick } of film.replay.desyncs) this.#mark('reported', tick - 1, tick);
  }

  /** Pauses, and moves by so many ticks. */
  step(ticks: number): void {
    this.#player.isPlaying = false;
    this.#player.seek(this.#player.tick + ticks);
  }

  /** Called with each frame. */
  update(): void {
    const { film, tick, isPlaying, speed } = this.#player;
    setText(this.#play, isPlaying ? '❚❚' : '▶');
    setText(this.#tick, `${tick}`);
    const { tickRateHz } = film.replay.settings.config;
    setText(this.#time, ` of ${film.endTick} · ${clock((tick - film.startTick) / tickRateHz)}`);
    if (this.#seek.value !== `${tick}`) this.#seek.value = `${tick}`;
    SPEEDS.forEach((one, index) => {
      this.#speeds[index]!.setAttribute('aria-pressed', `${one === speed}`);
    });
  }

  /** Takes the keys of a film: space, arrows, Home, End, 0 for above. */
  onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const { film } = this.#player;
    const isButton = event.target instanceof HTMLButtonElement;
    const second = film.replay.settings.config.tickRateHz;
    const ticks = event.shiftKey ? second : 1;
    if (event.code === 'Space' && !isButton) this.#player.toggle();
    else if (event.code === 'ArrowLeft') this.step(-ticks);
    else if (event.code === 'ArrowRight') this.step(ticks);
    else if (event.code === 'Home') this.#player.seek(film.startTick);
    else if (event.code === 'End') this.#player.seek(film.endTick);
    else if (event.code === 'Digit0') this.#player.follow(ABOVE);
    else return;
    event.preventDefault();
  }

  #markDifferences(): void {
    const { differs, startTick } = this.#player.film;
    const piece = Math.max(1, Math.ceil(differs.length / PIECES));
    let from = -1;
    for (let at = 0; at <= differs.length; at += piece) {
      const isMarked = at < differs.length && differs.subarray(at, at + piece).includes(1);
      if (isMarked && from < 0) from = at;
      if (isMarked || from < 0) continue;
      this.#mark('differs', startTick + from, startTick + Math.min(at, differs.length));
      from = -1;
    }
    if (from >= 0) this.#mark('differs', startTick + from, startTick + differs.length);
  }

  #mark(kind: 'differs' | 'reported', from: number, to: number): void {
    const { startTick, endTick } = this.#player.film;
    const length = Math.max(1, endTick - startTick);
    const mark = fromMarkup(`<i class="${kind}"></i>`);
    mark.style.left = `${((from - startTick) / length) * 100}%`;
    mark.style.width = `${((to - from) / length) * 100}%`;
    part(this.element, 'marks').append(mark);
  }
}

function clock(seconds: number): string {
  const rest = (seconds % 60).toFixed(1).padStart(4, '0');
  return `${Math.floor(seconds / 60)}:${rest}`;
}
