/** One match on the screen: wires the match to the scene, the controls and the overlays, and takes it all down again. */
import type * as Phaser from 'phaser';
import type { Timer } from '../links/timer.ts';
import { fromMarkup, part, setText } from './dom.ts';
import { Fog } from './hud/fog.ts';
import { Hud } from './hud/hud.ts';
import { Minimap } from './hud/minimap.ts';
import { Scoreboard } from './hud/scoreboard.ts';
import { Controls } from './input/controls.ts';
import { listenToKeyboardAndMouse } from './input/keyboard-mouse.ts';
import { listenToTouch } from './input/touch.ts';
import { Match } from './match.ts';
import type { Choice } from './menu.ts';
import { NetworkPanel, type Toggles } from './panel/network-panel.ts';
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
  readonly #panel: NetworkPanel;
  readonly #toggles: Toggles = { ghosts: false };
  readonly #topbar = fromMarkup(TOPBAR);
  readonly #rtt = part(this.#topbar, 'rtt');
  readonly #undo: (() => void)[] = [];

  constructor(options: PlayOptions) {
    const { stage, overlay, timer, topology, url, name } = options;
    this.#options = options;
    this.#hud = new Hud(() => this.controls.pressBuy());
    this.#hud.wait(`joining ${topology.title} …`);
    this.match = new Match({
      topology,
      url,
      name,
      timer,
      sample: () => this.controls.sample(),
      onPlaying: () => this.#hud.wait(''),
      onRejoining: () => this.#hud.wait('the link broke – coming back …'),
      onRoster: (entries, total) => {
        const { view } = this.match.session;
        if (view) this.#scoreboard.show(entries, total, view.self, name);
      },
      onPurchased: (granted) => {
        if (!granted) this.#hud.toast('No shield: it costs 5 coins', performance.now());
      },
      onEnd: (reason) => this.leave(reason),
    });
    this.#panel = new NetworkPanel(this.match, this.#toggles);
    this.#game = startScene(stage, {
      drawn: (nowMs) => this.match.drawn(nowMs),
      latest: () => this.match.session.view,
      aim: () => this.controls.aim,
      showsGhosts: () => this.#toggles.ghosts,
      nameOf: (player) => this.match.nameOf(player),
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

  #layOut(overlay: HTMLElement, stage: HTMLElement): void {
    const left = fromMarkup('<div class="column left"></div>');
    const right = fromMarkup('<div class="column right"></div>');
    const sticks = fromMarkup('<div class="sticks"></div>');
    left.append(this.#topbar, this.#panel.element);
    right.append(this.#scoreboard.element, this.#minimap.element);
    overlay.replaceChildren(this.#fog.element, sticks, this.#hud.element, left, right);
    setText(part(this.#topbar, 'topology'), this.match.topology.id);
    part(this.#topbar, 'leave').addEventListener('click', () => this.leave());
    const network = part(this.#topbar, 'network');
    const togglePanel = () => {
      network.setAttribute('aria-expanded', `${this.#panel.toggle()}`);
      network.blur();
    };
    network.addEventListener('click', togglePanel);
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
