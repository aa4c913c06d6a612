/** What a replay tells, as data: what `--json` prints and the texts are made of. */
import type { MatchConfig } from '../../game/arena.ts';
import { SUBUNITS } from '../../game/constants.ts';
import { rulesHash } from '../../game/rules-hash.ts';
import { coinsError, coinsHeld, Status, type World } from '../../game/world.ts';
import type { Divergence } from '../../netcode/lockstep/replay-bisect.ts';
import { type Replay, Replayer, type TapeView, tapeSeatAt } from '../../netcode/lockstep/replay-tape.ts';
import type { Desync, PeerId } from '../../netcode/session.ts';
import type { LoadedReplay } from './load.ts';

export interface Arrival {
  tick: number;
  slot: number;
  peer: PeerId | null;
  name: string;
  what: 'was there' | 'came' | 'left';
}

export interface PlayerRow {
  slot: number;
  name: string;
  status: 'alive' | 'dead';
  /** In units. */
  x: number;
  y: number;
  health: number;
  shield: number;
  coins: number;
  score: number;
  kills: number;
  deaths: number;
}

export interface CoinLedger {
  minted: number;
  held: number;
  lying: number;
  spent: number;
  /** Coins lost or doubled: minted − held − lying − spent. */
  error: number;
}

export interface WorldSummary {
  tick: number;
  /** Best first. */
  players: PlayerRow[];
  shots: number;
  piles: number;
  coins: CoinLedger;
}

export interface ReplaySummary {
  file: string;
  /** Whose tape it is; null when it does not say. */
  peer: PeerId | null;
  config: Readonly<MatchConfig>;
  rollback: boolean;
  maxDelayTicks: number;
  holdTicks: number;
  defences: string[];
  /** Recorded under the rules that this program has. */
  sameRules: boolean;
  firstTick: number;
  lastTick: number;
  ticks: number;
  seconds: number;
  isTruncated: boolean;
  views: TapeView[];
  arrivals: Arrival[];
  desyncs: Desync[];
  /** Where it parts from the rules; null where all ticks agree. */
  divergence: Divergence | null;
  /** By the rules, at the end. */
  end: WorldSummary;
}

export function summarise({ file, replay }: LoadedReplay): ReplaySummary {
  const { settings, startTick, ticks, peer, isTruncated, views, desyncs } = replay;
  const { config, rollback, maxDelayTicks, holdTicks, defences } = settings;
  const replayer = new Replayer(replay);
  let divergence: Divergence | null = null;
  while (!replayer.isAtEnd) {
    const sections = replayer.step();
    if (sections.length > 0) divergence ??= { tick: replayer.tick, sections };
  }
  return {
    file,
    peer: peer > 0 ? peer : null,
    config,
    rollback,
    maxDelayTicks,
    holdTicks,
    defences: Object.entries(defences).flatMap(([name, isOn]) => (isOn ? [name] : [])),
    sameRules: replay.rulesHash === rulesHash(),
    firstTick: startTick + 1,
    lastTick: startTick + ticks.length,
    ticks: ticks.length,
    seconds: ticks.length / config.tickRateHz,
    isTruncated,
    views,
    arrivals: arrivalsOf(replay),
    desyncs,
    divergence,
    end: describeWorld(replay, replayer.world),
  };
}

/** The world at a tick by the rules, and whether the tape agreed until there. */
export function stateAt(replay: Replay, tick: number): { world: WorldSummary; divergence: Divergence | null } {
  const replayer = new Replayer(replay);
  let divergence: Divergence | null = null;
  while (replayer.tick < tick) {
    const sections = replayer.step();
    if (sections.length > 0) divergence ??= { tick: replayer.tick, sections };
  }
  return { world: describeWorld(replay, replayer.world), divergence };
}

export function nameAt(replay: Replay, slot: number, tick: number): string {
  return tapeSeatAt(replay, slot, tick)?.name ?? `player ${slot}`;
}

/** Who was there when the tape begins, and who came and went. */
function arrivalsOf(replay: Replay): Arrival[] {
  const arrivals: Arrival[] = [];
  const note = (tick: number, slot: number, what: Arrival['what']) => {
    const peer = tapeSeatAt(replay, slot, what === 'left' ? tick - 1 : tick)?.peer ?? null;
    arrivals.push({ tick, slot, peer, name: nameAt(replay, slot, what === 'left' ? tick - 1 : tick), what });
  };
  const { world } = new Replayer(replay);
  const seated = new Set<number>();
  for (let slot = 0; slot < world.arena.capacity; slot++) {
    if (world.players.status[slot] === Status.empty) continue;
    seated.add(slot);
    note(replay.startTick, slot, 'was there');
  }
  replay.ticks.forEach(({ words }, index) => {
    const tick = replay.startTick + 1 + index;
    words.forEach((word, slot) => {
      if (word === -1 && seated.delete(slot)) note(tick, slot, 'left');
      else if (word !== -1 && !seated.has(slot)) {
        seated.add(slot);
        note(tick, slot, 'came');
      }
    });
  });
  return arrivals;
}

function describeWorld(replay: Replay, world: World): WorldSummary {
  const { players: p, shots, match, arena } = world;
  const tick = match.tick[0]!;
  const players: PlayerRow[] = [];
  for (let slot = 0; slot < arena.capacity; slot++) {
    if (p.status[slot] === Status.empty) continue;
    players.push({
      slot,
      name: nameAt(replay, slot, tick),
      status: p.status[slot] === Status.alive ? 'alive' : 'dead',
      x: p.x[slot]! / SUBUNITS,
      y: p.y[slot]! / SUBUNITS,
      health: p.health[slot]!,
      shield: p.shield[slot]!,
      coins: p.coins[slot]!,
      score: p.score[slot]!,
      kills: p.kills[slot]!,
      deaths: p.deaths[slot]!,
    });
  }
  players.sort((a, b) => b.score - a.score || a.slot - b.slot);
  const count = (column: Int32Array) => column.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0);
  return {
    tick,
    players,
    shots: count(shots.life),
    piles: count(world.coins.amount),
    coins: {
      minted: match.minted[0]!,
      held: coinsHeld(world),
      lying: match.lying[0]!,
      spent: match.spent[0]!,
      error: coinsError(world),
    },
  };
}
