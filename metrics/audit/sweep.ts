/**
 * The auditor's one pass over time. It walks the truth tape tick by tick; within a tick it lets each measured viewer's
 * receptions happen in order, so that time falls into spans in which both the truth and what the viewer holds stand
 * still. Each row of a view speaks for its own tick, which is the view's own where somebody decides for all, and an older
 * one where every owner is heard of by itself. In each span every player truly in interest adds its age and its position
 * error, weighted by the span's length.
 * Cost: measured viewers × ticks × players in interest, times about two spans per tick; nothing grows with time squared.
 */
import { PLAYER_RADIUS, SUBUNITS, VISION_RADIUS } from '../../game/constants.ts';
import { Distribution } from '../histogram.ts';
import type { Desync } from '../record.ts';
import { OLDEST_TICKS } from '../swarm-recorder.ts';
import { Ages, PairAges } from './ages.ts';
import type { InputLog } from './inputs.ts';
import { Neighbours } from './neighbours.ts';
import { GIVE_UP_MS, Pending } from './pending.ts';
import type { Truth } from './truth.ts';
import { endOfSeen, type ViewerLog } from './viewers.ts';

const NEAR = 160 * SUBUNITS;
/** View errors are not judged this close to the edge of vision. */
const EDGE = 64 * SUBUNITS;
const VIEW_SAMPLE_MS = 500;
/** Samples step through the tick by the golden section, or they would always find it at the same point. */
const GOLDEN = 0.6180339887498949;
/** Position errors below half a player's radius do not count as inconsistency (Zhou et al. 2004). */
const EPSILON = PLAYER_RADIUS / 2;

export interface SweepOptions {
  fromMs: number;
  untilMs: number;
  capacity: number;
  arenaSize: number;
  quantisation: number;
}

/** What one viewer holds, and how far its log has been read. */
interface ViewerState {
  log: ViewerLog;
  /** Where this viewer's entries start in the tables by (viewer, player). */
  base: number;
  next: number;
  /** Number of snapshots applied; an entity is held when its stamp equals it. */
  stamp: number;
  /** Index on the tape of the held snapshot's tick; −1 when the tape does not have it. */
  index: number;
  /** When it came. */
  atMs: number;
  hidden: number;
  pending: Pending;
  hiddenMs: number;
  livedMs: number;
}

export class Sweep {
  readonly action = new Distribution();
  readonly ownAction = new Distribution();
  readonly near = new Ages();
  readonly all = new Ages();
  readonly pairs: PairAges;
  readonly positionError = new Distribution();
  readonly sameTickError = new Distribution();
  readonly viewers: ViewerState[];
  desyncs = 0;
  firstDesync: Desync | null = null;
  /** units·ms of position error above EPSILON, and the pair time over which. */
  inconsistency = 0;
  pairMs = 0;
  missing = 0;
  phantom = 0;
  judged = 0;
  received = 0;
  /** Rows compared with the truth of their tick, and those that differ from it. */
  compared = 0;
  differing = 0;
  readonly ageSumBySecond: Float64Array;
  readonly ageMsBySecond: Float64Array;

  readonly #truth: Truth;
  readonly #inputs: InputLog;
  readonly #options: SweepOptions;
  readonly #neighbours: Neighbours;
  /** Inputs due later cannot be given their two seconds before the tape ends. */
  readonly #judgedUntilMs: number;
  readonly #heldStamp: Int32Array;
  readonly #heldX: Int32Array;
  readonly #heldY: Int32Array;
  /** Index on the tape of the tick that the held row speaks for. */
  readonly #heldIndex: Int32Array;
  /** When the newest input that the viewer holds of an entity was due; NaN when it never held any. */
  readonly #heldDueMs: Float64Array;
  /** Index on the tape of the last tick at which the viewer should have held an entity. */
  readonly #metIndex: Int32Array;
  readonly #judgedInput: Int32Array;
  readonly #aliveIndex: Int32Array;
  /** Per player and tick: inputs first reflected now are `#freshFrom` + 1 to `#freshTo`, given up now from there to `#lostTo`. */
  readonly #freshFrom: Int32Array;
  readonly #freshTo: Int32Array;
  readonly #lostTo: Int32Array;
  #interest = 0;
  /** When views are judged next, by number and in ms. */
  #sample = 0;
  #sampleMs: number;

  constructor(truth: Truth, inputs: InputLog, logs: readonly ViewerLog[], options: SweepOptions) {
    const { capacity, arenaSize, fromMs, untilMs } = options;
    this.#truth = truth;
    this.#inputs = inputs;
    this.#options = options;
    this.#neighbours = new Neighbours(arenaSize, capacity);
    const lastMs = truth.tickCount > 0 ? truth.startMs[truth.tickCount - 1]! : fromMs;
    this.#judgedUntilMs = Math.min(untilMs, lastMs - GIVE_UP_MS);
    this.viewers = logs.map((log, i) => ({
      log,
      base: i * capacity,
      next: 0,
      stamp: 0,
      index: -1,
      atMs: Number.NaN,
      hidden: 0,
      pending: new Pending(),
      hiddenMs: 0,
      livedMs: 0,
    }));
    const pairs = logs.length * capacity;
    this.pairs = new PairAges(pairs);
    this.#heldStamp = new Int32Array(pairs);
    this.#heldX = new Int32Array(pairs);
    this.#heldY = new Int32Array(pairs);
    this.#heldIndex = new Int32Array(pairs);
    this.#heldDueMs = new Float64Array(pairs).fill(Number.NaN);
    this.#metIndex = new Int32Array(pairs).fill(-2);
    this.#judgedInput = inputs.start.slice(0, capacity).map((first) => first - 1);
    this.#aliveIndex = new Int32Array(capacity).fill(-2);
    this.#freshFrom = new Int32Array(capacity);
    this.#freshTo = new Int32Array(capacity);
    this.#lostTo = new Int32Array(capacity);
    this.#sampleMs = fromMs;
    const seconds = Math.max(1, Math.ceil((untilMs - fromMs) / 1000));
    this.ageSumBySecond = new Float64Array(seconds);
    this.ageMsBySecond = new Float64Array(seconds);
  }

  run(): this {
    const truth = this.#truth;
    for (let k = 0; k < truth.tickCount; k++) {
      const startMs = truth.startMs[k]!;
      const endMs = k + 1 < truth.tickCount ? truth.startMs[k + 1]! : startMs;
      this.#neighbours.build(truth, k);
      this.#noteInputs(k, startMs);
      for (const viewer of this.viewers) this.#tick(viewer, k, startMs, endMs);
      while (this.#sampleMs < endMs) this.#nextSample(endMs - startMs);
    }
    for (const viewer of this.viewers) this.#giveUp(viewer, Number.POSITIVE_INFINITY);
    return this;
  }

  #nextSample(tickMs: number): void {
    this.#sample++;
    this.#sampleMs = this.#options.fromMs + this.#sample * VIEW_SAMPLE_MS + ((this.#sample * GOLDEN) % 1) * tickMs;
  }

  /** Finds, per living player, the inputs that this tick reflects first, and those that no tick reflected in time. */
  #noteInputs(k: number, startMs: number): void {
    const truth = this.#truth;
    const { dueMs, start } = this.#inputs;
    for (let row = truth.firstRow[k]!; row < truth.endRow(k); row++) {
      const player = truth.player[row]!;
      const newest = truth.inputIndex[row]!;
      // Inputs executed while it was dead had no effect that anybody could hold.
      if (this.#aliveIndex[player] !== k - 1) this.#judgedInput[player] = Math.max(newest, this.#judgedInput[player]!);
      this.#aliveIndex[player] = k;
      const from = this.#judgedInput[player]!;
      const to = Math.max(from, newest);
      const end = start[player + 1]!;
      let lost = to;
      while (lost + 1 < end && dueMs[lost + 1]! < startMs - GIVE_UP_MS) lost++;
      this.#freshFrom[player] = from;
      this.#freshTo[player] = to;
      this.#lostTo[player] = lost;
      this.#judgedInput[player] = lost;
    }
  }

  #tick(viewer: ViewerState, k: number, startMs: number, endMs: number): void {
    const truth = this.#truth;
    const self = truth.rowOf(k, viewer.log.player);
    this.#interest = 0;
    if (self >= 0) {
      this.#neighbours.around(truth, self);
      this.#interest = this.#neighbours.count;
      this.#expectEffects(viewer, k, viewer.log.player);
      for (let i = 0; i < this.#interest; i++) {
        this.#expectEffects(viewer, k, truth.player[this.#neighbours.row[i]!]!);
      }
    }
    // Who is a part of a tick ahead of the tape may hold already what is expected from now on.
    if (viewer.index >= k)
      this.#settle(viewer, viewer.index, truth.rowOf(viewer.index, viewer.log.player), viewer.atMs);
    this.#giveUp(viewer, startMs);
    const { atMs } = viewer.log.swarm.snapshots.columns;
    const { snapshots } = viewer.log;
    let spanMs = startMs;
    while (viewer.next < snapshots.length && atMs[snapshots[viewer.next]!]! < endMs) {
      const receivedMs = Math.max(spanMs, atMs[snapshots[viewer.next]!]!);
      this.#span(viewer, k, self, spanMs, receivedMs);
      this.#receive(viewer, snapshots[viewer.next++]!, receivedMs);
      spanMs = receivedMs;
    }
    this.#span(viewer, k, self, spanMs, endMs);
  }

  /** From now on the viewer should come to hold what this tick reflects of the actor. */
  #expectEffects(viewer: ViewerState, k: number, actor: number): void {
    const { dueMs } = this.#inputs;
    const to = this.#lostTo[actor]!;
    for (let i = this.#freshFrom[actor]! + 1; i <= to; i++) {
      if (dueMs[i]! < this.#options.fromMs || dueMs[i]! >= this.#judgedUntilMs) continue;
      if (i <= this.#freshTo[actor]!) viewer.pending.push(actor, k, dueMs[i]!);
      else this.#latency(viewer, actor, GIVE_UP_MS);
    }
  }

  #latency(viewer: ViewerState, actor: number, ms: number): void {
    const kind = actor === viewer.log.player ? this.ownAction : this.action;
    kind.add(Math.min(GIVE_UP_MS, ms));
  }

  #giveUp(viewer: ViewerState, nowMs: number): void {
    const { pending } = viewer;
    if (pending.count === 0 || pending.dueMs[0]! >= nowMs - GIVE_UP_MS) return;
    pending.settle((actor, _index, dueMs) => {
      if (dueMs >= nowMs - GIVE_UP_MS) return false;
      this.#latency(viewer, actor, GIVE_UP_MS);
      return true;
    });
  }

  /** The viewer holds one more snapshot: compare it with the truth of its tick, then let it settle what was expected. */
  #receive(viewer: ViewerState, snapshot: number, atMs: number): void {
    const truth = this.#truth;
    const { swarm, player } = viewer.log;
    const { columns } = swarm.snapshots;
    const k = truth.indexOf(columns.tick[snapshot]!);
    const isCovered = atMs >= this.#options.fromMs && atMs < this.#options.untilMs;
    if (isCovered) this.received++;
    viewer.stamp++;
    viewer.index = k;
    viewer.atMs = atMs;
    viewer.hidden = columns.beyond[snapshot]!;
    const self = k < 0 ? -1 : truth.rowOf(k, player);
    const desync = isCovered && k >= 0 ? this.#compareSelf(viewer, snapshot, self, k, atMs) : false;
    const contradicted = this.#hold(viewer, snapshot, k, self, atMs, isCovered);
    if (desync || contradicted) this.desyncs++;
    if (k >= 0) this.#settle(viewer, k, self, atMs);
  }

  /** Takes over a snapshot's entities. True when one contradicts the truth. */
  #hold(viewer: ViewerState, snapshot: number, k: number, self: number, atMs: number, isCovered: boolean): boolean {
    const truth = this.#truth;
    const { dueMs } = this.#inputs;
    const { swarm } = viewer.log;
    const seen = swarm.seen.columns;
    const { quantisation } = this.#options;
    const tick = swarm.snapshots.columns.tick[snapshot]!;
    let contradicted = false;
    for (let i = swarm.snapshots.columns.firstRow[snapshot]!; i < endOfSeen(swarm, snapshot); i++) {
      const entity = seen.player[i]!;
      const x = seen.x[i]!;
      const y = seen.y[i]!;
      const at = viewer.base + entity;
      this.#heldStamp[at] = viewer.stamp;
      this.#heldX[at] = x;
      this.#heldY[at] = y;
      const ageTicks = seen.ageTicks[i]!;
      const rowTick = k < 0 || ageTicks === OLDEST_TICKS ? -1 : truth.indexOf(tick - ageTicks);
      this.#heldIndex[at] = rowTick;
      if (rowTick < 0) {
        // Of what is too old to be told from older ones the age goes on.
        if (ageTicks < OLDEST_TICKS) this.#heldDueMs[at] = Number.NaN;
        continue;
      }
      const row = truth.rowOf(rowTick, entity);
      this.#heldDueMs[at] = row < 0 ? truth.dueMs[rowTick]! : this.#reflectedDueMs(row, entity, dueMs);
      if (row >= 0 && self >= 0 && distanceSquared(truth, row, self) > VISION_RADIUS * VISION_RADIUS) viewer.hidden++;
      if (!isCovered) continue;
      this.compared++;
      if (row < 0) {
        // A seat that is freed right after a tick's snapshots went out is on them and no longer on the tape.
        if (rowTick > 0 && truth.rowOf(rowTick - 1, entity) >= 0) continue;
        contradicted = true;
        this.differing++;
        this.#noteDesync(viewer, rowTick, entity, 'presence', 1, null, atMs);
        continue;
      }
      const dx = x - truth.x[row]!;
      const dy = y - truth.y[row]!;
      this.sameTickError.add(Math.sqrt(dx * dx + dy * dy) / SUBUNITS);
      if (Math.abs(dx) <= quantisation && Math.abs(dy) <= quantisation) continue;
      contradicted = true;
      this.differing++;
      if (Math.abs(dx) > quantisation) this.#noteDesync(viewer, rowTick, entity, 'x', x, truth.x[row]!, atMs);
      else this.#noteDesync(viewer, rowTick, entity, 'y', y, truth.y[row]!, atMs);
    }
    return contradicted;
  }

  /** NaN when no logged input of the player is reflected. */
  #reflectedDueMs(row: number, player: number, dueMs: Float64Array): number {
    const input = this.#truth.inputIndex[row]!;
    return input < this.#inputs.start[player]! ? Number.NaN : dueMs[input]!;
  }

  /** A viewer's own place comes exact, so any difference is a contradiction. */
  #compareSelf(viewer: ViewerState, snapshot: number, self: number, k: number, atMs: number): boolean {
    const { columns } = viewer.log.swarm.snapshots;
    const { player } = viewer.log;
    if (columns.alive[snapshot] === 0 || self < 0) return false;
    const [x, y] = [columns.x[snapshot]!, columns.y[snapshot]!];
    const truth = this.#truth;
    this.compared++;
    if (x !== truth.x[self]!) this.#noteDesync(viewer, k, player, 'self.x', x, truth.x[self]!, atMs);
    else if (y !== truth.y[self]!) this.#noteDesync(viewer, k, player, 'self.y', y, truth.y[self]!, atMs);
    else return false;
    this.differing++;
    return true;
  }

  #noteDesync(
    viewer: ViewerState,
    k: number,
    entity: number,
    field: string,
    seen: number,
    truth: number | null,
    atMs: number,
  ): void {
    const tick = this.#truth.tick[k]!;
    if (this.firstDesync && this.firstDesync.tick <= tick) return;
    const detectedMs = atMs - this.#truth.startMs[k]!;
    // Of a world only players are compared with the tape.
    const section = 'players';
    this.firstDesync = { tick, section, viewer: viewer.log.player, peer: null, entity, field, seen, truth, detectedMs };
  }

  /** Whether leaving `entity` out of a snapshot of tick `k` tells the truth. */
  #isRightlyOmitted(k: number, self: number, entity: number): boolean {
    const row = this.#truth.rowOf(k, entity);
    return row < 0 || self < 0 || distanceSquared(this.#truth, row, self) > VISION_RADIUS * VISION_RADIUS;
  }

  #settle(viewer: ViewerState, k: number, self: number, atMs: number): void {
    viewer.pending.settle((actor, index, dueMs) => {
      if (index > k) return false;
      if (actor !== viewer.log.player) {
        const at = viewer.base + actor;
        const isHeld = this.#heldStamp[at] === viewer.stamp;
        if (isHeld ? index > this.#heldIndex[at]! : !this.#isRightlyOmitted(k, self, actor)) return false;
      }
      this.#latency(viewer, actor, atMs - dueMs);
      return true;
    });
  }

  /** One stretch of time in which neither the truth nor what the viewer holds changes. */
  #span(viewer: ViewerState, k: number, self: number, startMs: number, endMs: number): void {
    const { fromMs, untilMs } = this.#options;
    const from = Math.max(startMs, fromMs);
    const ms = Math.min(endMs, untilMs) - from;
    if (ms <= 0 || self < 0 || viewer.index < 0) return;
    if (this.#sampleMs >= from && this.#sampleMs < from + ms) this.#judgeView(viewer, k, self);
    const truth = this.#truth;
    const second = Math.floor((from - fromMs) / 1000);
    const weight = Math.round(ms * 1000);
    viewer.livedMs += ms;
    viewer.hiddenMs += viewer.hidden * ms;
    const { row: rows, distanceSquared: squares } = this.#neighbours;
    const snapshotSelf = truth.rowOf(viewer.index, viewer.log.player);
    for (let i = 0; i < this.#interest; i++) {
      const row = rows[i]!;
      const entity = truth.player[row]!;
      const at = viewer.base + entity;
      const isHeld = this.#heldStamp[at] === viewer.stamp;
      if (this.#metIndex[at]! < k - 1 && !isHeld && viewer.index >= k - 1) this.#noteAbsence(at, k - 1);
      this.#metIndex[at] = k;
      if (!isHeld) this.#noteOmission(viewer, k, entity, snapshotSelf);
      const age = from - this.#heldDueMs[at]!;
      // Players whose inputs nobody logs have no age.
      if (!Number.isNaN(age)) {
        this.all.add(age, ms);
        if (squares[i]! <= NEAR * NEAR) this.near.add(age, ms);
        this.pairs.add(at, age, ms);
        this.ageSumBySecond[second]! += (Math.max(0, age) + ms / 2) * ms;
        this.ageMsBySecond[second]! += ms;
      }
      this.pairMs += ms;
      if (!isHeld) continue;
      const dx = this.#heldX[at]! - truth.x[row]!;
      const dy = this.#heldY[at]! - truth.y[row]!;
      const error = Math.sqrt(dx * dx + dy * dy);
      this.positionError.add(error / SUBUNITS, weight);
      if (error > EPSILON) this.inconsistency += ((error - EPSILON) / SUBUNITS) * ms;
    }
  }

  /** Until tick `k` it was right not to hold an entity: so much was known of it, whatever was held before. */
  #noteAbsence(at: number, k: number): void {
    if (k >= 0 && !(this.#heldDueMs[at]! >= this.#truth.dueMs[k]!)) this.#heldDueMs[at] = this.#truth.dueMs[k]!;
  }

  /** An entity is in interest and not held. Was that true at the snapshot's tick, it tells its state then; else age goes on. */
  #noteOmission(viewer: ViewerState, k: number, entity: number, snapshotSelf: number): void {
    const truth = this.#truth;
    const at = viewer.base + entity;
    if (this.#isRightlyOmitted(viewer.index, snapshotSelf, entity)) {
      const row = truth.rowOf(viewer.index, entity);
      // The dead have no row: the tick's own time stands for the input that says so.
      const dueMs = row < 0 ? truth.dueMs[viewer.index]! : this.#reflectedDueMs(row, entity, this.#inputs.dueMs);
      this.#heldDueMs[at] = dueMs;
    } else if (Number.isNaN(this.#heldDueMs[at]!) && this.#inputs.start[entity + 1]! > this.#inputs.start[entity]!) {
      this.#heldDueMs[at] = truth.startMs[k]!;
    }
  }

  /** Counts who is missing from a viewer's picture and who should not be in it, as of now. */
  #judgeView(viewer: ViewerState, k: number, self: number): void {
    const truth = this.#truth;
    const inner = (VISION_RADIUS - EDGE) ** 2;
    const outer = (VISION_RADIUS + EDGE) ** 2;
    for (let i = 0; i < this.#interest; i++) {
      if (this.#neighbours.distanceSquared[i]! >= inner) continue;
      this.judged++;
      const entity = truth.player[this.#neighbours.row[i]!]!;
      if (this.#heldStamp[viewer.base + entity] !== viewer.stamp) this.missing++;
    }
    const { swarm, snapshots } = viewer.log;
    const snapshot = snapshots[viewer.next - 1]!;
    for (let i = swarm.snapshots.columns.firstRow[snapshot]!; i < endOfSeen(swarm, snapshot); i++) {
      const row = truth.rowOf(k, swarm.seen.columns.player[i]!);
      if (row < 0 || distanceSquared(truth, row, self) > outer) this.phantom++;
    }
  }
}

function distanceSquared(truth: Truth, a: number, b: number): number {
  const dx = truth.x[a]! - truth.x[b]!;
  const dy = truth.y[a]! - truth.y[b]!;
  return dx * dx + dy * dy;
}
