/** Boot of the replay's page: fetch the file, step through it once, play. */
import { SUBUNITS } from '../../game/constants.ts';
import { decodeReplay } from '../../netcode/lockstep/replay-codec.ts';
import { fromMarkup, part, setText } from '../dom.ts';
import { Fog } from '../hud/fog.ts';
import { Minimap } from '../hud/minimap.ts';
import { exportToStyle } from '../palette.ts';
import { startScene } from '../scene/arena-scene.ts';
import { Cast } from './cast.ts';
import { Reel } from './controls.ts';
import { Film } from './film.ts';
import { Player } from './player.ts';

/** What a test, or a person at the console, may ask about the page. */
export interface ReplayState {
  ready: boolean;
  /** Why there is nothing to see; empty otherwise. */
  notice: string;
  tick: number;
  firstTick: number;
  lastTick: number;
  playing: boolean;
  speed: number;
  /** Slot that is followed; −1 from above. */
  following: number;
  playersInView: number;
  /** The first tick that differs from the rules; null when none does. */
  firstDifferent: number | null;
}

declare global {
  interface Window {
    netbedReplay: { state: () => ReplayState };
  }
}

const TOPBAR = `<nav class="topbar">
  <span class="badge">replay</span>
  <span class="badge" data-part="match"></span>
  <button type="button" class="verdict" data-part="verdict"></button>
</nav>`;
const NOTICE = `<section class="replay-notice card"><p data-part="text" role="alert"></p>
  <label data-part="choose">Open another: <input type="file" data-part="file" /></label></section>`;
/** Around the arena, seen from above: in units, for all sides together. */
const MARGIN = 24;
/** What the reel covers of the window, in pixels. */
const REEL_PX = 116;

const stage = document.getElementById('stage')!;
const overlay = document.getElementById('overlay')!;
const notice = fromMarkup(NOTICE);
let player: Player | null = null;
let playersInView = 0;

async function boot(): Promise<void> {
  exportToStyle(document.documentElement);
  overlay.append(notice);
  window.netbedReplay = { state: stateOf };
  part<HTMLInputElement>(notice, 'file').addEventListener('change', (event) => {
    const file = (event.target as HTMLInputElement).files?.[0];
    if (file) void file.arrayBuffer().then((buffer) => open(new Uint8Array(buffer)));
  });
  const file = new URLSearchParams(location.search).get('file');
  if (file === null) {
    say('No replay was named. Open one with: npx netbed replay FILE --watch');
    return;
  }
  say('Fetching the replay …', false);
  const bytes = await fetchFrom(file);
  if (bytes) await open(bytes);
}

async function fetchFrom(file: string): Promise<Uint8Array | null> {
  try {
    const answer = await fetch(new URL(file, location.href));
    if (answer.ok) return new Uint8Array(await answer.arrayBuffer());
    say(`The replay is not there: ${answer.status} ${answer.statusText}`);
  } catch (error) {
    say(`The replay cannot be fetched: ${(error as Error).message}`);
  }
  return null;
}

/** Says why there is nothing to see; `mayChoose` offers to open a file instead. */
function say(text: string, mayChoose = true): void {
  notice.hidden = text === '';
  setText(part(notice, 'text'), text);
  part(notice, 'choose').hidden = !mayChoose;
}

async function open(bytes: Uint8Array): Promise<void> {
  let film: Film;
  try {
    film = new Film(decodeReplay(bytes));
  } catch (error) {
    say(`This cannot be played: ${(error as Error).message}.`);
    return;
  }
  await film.develop((share) => say(`Comparing checksums: ${Math.round(share * 100)} %`, false));
  say('');
  show(film);
}

function show(film: Film): void {
  const shown = new Player(film);
  const reel = new Reel(shown);
  const cast = new Cast(shown);
  const fog = new Fog();
  const minimap = new Minimap();
  const topbar = fromMarkup(TOPBAR);
  describe(film, shown, topbar);
  const left = fromMarkup('<div class="column left"></div>');
  const right = fromMarkup('<div class="column right"></div>');
  left.append(topbar);
  right.append(cast.element, minimap.element);
  overlay.replaceChildren(fog.element, left, right, reel.element, notice);
  window.addEventListener('keydown', (event) => reel.onKey(event));
  const { players, arena } = film.world;
  startScene(stage, {
    drawn: (nowMs) => shown.drawn(nowMs),
    latest: () => null,
    aim: () => players.aim[shown.following] ?? 0,
    showsGhosts: () => false,
    nameOf: (slot) => cast.nameOf(slot),
    unitsInSight: () => (shown.isAbove ? fitAbove(shown, arena.size / SUBUNITS + MARGIN) : null),
    jumped: () => shown.takeJump(),
    onFrame: (view, _changes, nowMs, pixelsPerUnit) => {
      playersInView = view.players.count + (view.self.alive ? 1 : 0);
      fog.element.hidden = shown.isAbove;
      minimap.element.hidden = shown.isAbove;
      fog.fit(pixelsPerUnit);
      if (!shown.isAbove) minimap.update(view, nowMs);
      cast.update(nowMs);
      reel.update();
    },
  });
  player = shown;
}

/** Units that the window's shorter side must show so that the arena fits above the reel. */
function fitAbove(shown: Player, units: number): number {
  const { clientWidth: width, clientHeight: height } = stage;
  const side = Math.max(1, Math.min(width, height - REEL_PX));
  shown.raised = Math.round(((REEL_PX / 2) * units * SUBUNITS) / side);
  return (units * Math.min(width, height)) / side;
}

function describe(film: Film, shown: Player, topbar: HTMLElement): void {
  const { settings, peer } = film.replay;
  const of = peer > 0 ? ` · peer ${peer}` : '';
  setText(part(topbar, 'match'), `seed ${settings.config.seed}${of}`);
  const verdict = part<HTMLButtonElement>(topbar, 'verdict');
  const { firstDifferent } = film;
  if (firstDifferent === null) {
    setText(verdict, `all ${film.replay.ticks.length} ticks agree`);
    verdict.disabled = true;
    return;
  }
  verdict.classList.add('wrong');
  verdict.title = 'Go there';
  setText(verdict, `differs from tick ${firstDifferent}`);
  verdict.addEventListener('click', () => {
    shown.isPlaying = false;
    shown.seek(firstDifferent);
  });
}

function stateOf(): ReplayState {
  const film = player?.film;
  return {
    ready: player !== null,
    notice: notice.hidden ? '' : (part(notice, 'text').textContent ?? ''),
    tick: player?.tick ?? -1,
    firstTick: film ? film.startTick + 1 : -1,
    lastTick: film?.endTick ?? -1,
    playing: player?.isPlaying ?? false,
    speed: player?.speed ?? 1,
    following: player?.following ?? -1,
    playersInView,
    firstDifferent: film?.firstDifferent ?? null,
  };
}

void boot();
