/**
 * What peers that own their avatars write down about themselves: a row per tick of the common timeline, what they have
 * come to (score, kills, coins) whenever it changes, and the outcomes that each declares for itself. Nobody else knows
 * these to be true; after the run all of them together are the truth tape (merge-truth.ts). Part of a SwarmRecorder, so
 * the peers of one process share it. Cost: ten stores per peer and tick.
 */
import { EventKind, Status, type World } from '../../game/world.ts';
import { type Rows, Table } from '../columns.ts';
import { Distribution } from '../histogram.ts';
import type { MeasuringWindow } from '../measuring-window.ts';

/** One tick of a peer's own timeline, after it has been done and its states were handed to the links. */
export interface OwnTick {
  tick: number;
  /** When it should have started, by this peer's idea of the common timeline. */
  dueMs: number;
  /** How much later than the room's tick that is. */
  phaseMs: number;
  startMs: number;
  endMs: number;
  alive: boolean;
  /** Sub-units. */
  x: number;
  y: number;
  /** Newest tick of its own inputs that the avatar reflects; −1 for none. */
  inputTick: number;
  score: number;
  kills: number;
  deaths: number;
  purchaseKey: number;
  /** Coins that it holds. */
  coins: number;
}

/** An owner's row, read from the world in which it steps its avatar. */
export function ownTickOf(
  { players }: World,
  player: number,
  times: Pick<OwnTick, 'tick' | 'dueMs' | 'phaseMs' | 'startMs' | 'endMs' | 'inputTick'>,
): OwnTick {
  return {
    ...times,
    alive: players.status[player] === Status.alive,
    x: players.x[player]!,
    y: players.y[player]!,
    score: players.score[player]!,
    kills: players.kills[player]!,
    deaths: players.deaths[player]!,
    purchaseKey: players.purchaseKey[player]!,
    coins: players.coins[player]!,
  };
}

/**
 * What happened to a player as its own peer says, who alone may: it was killed (by `other`), its coin was granted (`other`
 * names the coin, alike for everybody), its purchase was recorded (`other` is the key; `amount` 0: refused).
 */
export interface OwnOutcome {
  tick: number;
  kind: OutcomeKind;
  other: number;
  /** Coins. */
  amount: number;
}

export const OUTCOME_KINDS = [EventKind.kill, EventKind.pickup, EventKind.purchase] as const;
export type OutcomeKind = (typeof OUTCOME_KINDS)[number];

export const OWN_SHAPE = {
  player: 'u16',
  tick: 'i32',
  dueMs: 'f64',
  phaseUs: 'i32',
  /** From when it was due, and from when it started. */
  lateUs: 'i32',
  tookUs: 'i32',
  alive: 'u8',
  x: 'i32',
  y: 'i32',
  inputTick: 'i32',
} as const;
/** From this tick on, until the player's next row. */
export const STANDING_SHAPE = {
  player: 'u16',
  tick: 'i32',
  score: 'i32',
  kills: 'i32',
  deaths: 'i32',
  purchaseKey: 'i32',
  coins: 'i32',
} as const;
export const DECLARED_SHAPE = {
  player: 'u16',
  tick: 'i32',
  atMs: 'f64',
  kind: 'u8',
  other: 'i32',
  amount: 'i32',
} as const;
/** What an owner told others of itself before or after it was so: coins taken, purchases made. */
export const ANNOUNCED_SHAPE = { player: 'u16', atMs: 'f64', kind: 'u8', other: 'i32' } as const;

export interface OwnerRows {
  owned: Rows<typeof OWN_SHAPE>;
  standings: Rows<typeof STANDING_SHAPE>;
  declared: Rows<typeof DECLARED_SHAPE>;
  announced: Rows<typeof ANNOUNCED_SHAPE>;
}

export interface OwnerNotesMeta {
  /** Lateness and duration of all own ticks in the window, encoded. */
  tickTimes: string;
  /** In the window. */
  shots: number;
}

export class OwnerNotes {
  readonly #window: MeasuringWindow;
  readonly #owned = new Table(OWN_SHAPE, 40_000_000);
  readonly #standings = new Table(STANDING_SHAPE, 10_000_000);
  readonly #declared = new Table(DECLARED_SHAPE, 10_000_000);
  readonly #announced = new Table(ANNOUNCED_SHAPE, 10_000_000);
  readonly #tickTimes = new Distribution();
  /** By player: the row of its last standing. */
  readonly #lastStanding = new Map<number, number>();
  #shots = 0;

  constructor(window: MeasuringWindow) {
    this.#window = window;
  }

  /** A peer has done a tick of its own avatar; the dead have ticks too. Every tick, for as long as it has its seat. */
  tick(player: number, own: OwnTick): void {
    const { tick, dueMs, phaseMs, startMs, endMs } = own;
    if (!this.#window.touches(startMs)) return;
    if (this.#window.covers(startMs)) this.#tickTimes.add(endMs - dueMs);
    this.#noteStanding(player, own);
    if (!this.#owned.reserve(1)) return;
    const at = this.#owned.count++;
    const { columns } = this.#owned;
    columns.player[at] = player;
    columns.tick[at] = tick;
    columns.dueMs[at] = dueMs;
    columns.phaseUs[at] = Math.round(phaseMs * 1000);
    columns.lateUs[at] = Math.round((startMs - dueMs) * 1000);
    columns.tookUs[at] = Math.round((endMs - startMs) * 1000);
    columns.alive[at] = own.alive ? 1 : 0;
    columns.x[at] = own.x;
    columns.y[at] = own.y;
    columns.inputTick[at] = own.inputTick;
  }

  #noteStanding(player: number, { tick, score, kills, deaths, purchaseKey, coins }: OwnTick): void {
    const before = this.#lastStanding.get(player);
    const last = this.#standings.columns;
    if (
      before !== undefined &&
      last.score[before] === score &&
      last.kills[before] === kills &&
      last.deaths[before] === deaths &&
      last.purchaseKey[before] === purchaseKey &&
      last.coins[before] === coins
    ) {
      return;
    }
    if (!this.#standings.reserve(1)) return;
    const at = this.#standings.count++;
    const { columns } = this.#standings;
    columns.player[at] = player;
    columns.tick[at] = tick;
    columns.score[at] = score;
    columns.kills[at] = kills;
    columns.deaths[at] = deaths;
    columns.purchaseKey[at] = purchaseKey;
    columns.coins[at] = coins;
    this.#lastStanding.set(player, at);
  }

  /** Something happened to this player, as its own peer says: once for each, when it is certain. */
  outcome(player: number, { tick, kind, other, amount }: OwnOutcome, nowMs: number): void {
    if (!this.#window.touches(nowMs) || !this.#declared.reserve(1)) return;
    const at = this.#declared.count++;
    const { columns } = this.#declared;
    columns.player[at] = player;
    columns.tick[at] = tick;
    columns.atMs[at] = nowMs;
    columns.kind[at] = kind;
    columns.other[at] = other;
    columns.amount[at] = amount;
  }

  /** This player's peer told others that it has taken a coin or made a purchase, certain or not; `other` as in an outcome. */
  announced(player: number, kind: OutcomeKind, other: number, nowMs: number): void {
    if (!this.#window.touches(nowMs) || !this.#announced.reserve(1)) return;
    const at = this.#announced.count++;
    const { columns } = this.#announced;
    columns.player[at] = player;
    columns.atMs[at] = nowMs;
    columns.kind[at] = kind;
    columns.other[at] = other;
  }

  /** A player of this process fired. */
  fired(nowMs: number): void {
    if (this.#window.covers(nowMs)) this.#shots++;
  }

  finish(): OwnerNotesMeta {
    return { tickTimes: this.#tickTimes.encode(), shots: this.#shots };
  }

  get tables() {
    return {
      owned: this.#owned,
      standings: this.#standings,
      declared: this.#declared,
      announced: this.#announced,
    };
  }
}
