/**
 * A mesh whose processes die without a word: each peer has a process of its own, as its rendezvous has, and one after
 * another is ended by SIGKILL. Who saw a dead peer must see it no more, the coins must be where they are said to be, and
 * what only the dead knew must be known again.
 */
import { afterEach, expect, test } from 'vitest';
import { DEFAULT_MATCH, type MatchConfig } from '../../game/arena.ts';
import { SUBUNITS } from '../../game/constants.ts';
import { monotonicMs } from '../../links/timer.ts';
import { cellOf } from '../../netcode/mesh/cells.ts';
import { Epoch } from '../../netcode/mesh/epoch.ts';
import { auditLedger, type LedgerAudit, type LedgerStatement } from '../../netcode/mesh/ledger/audit.ts';
import { generationOf, NOBODY, spotOf, type Token } from '../../netcode/mesh/ledger/record.ts';
import { encodeMeshSettings, meshSettings } from '../../netcode/mesh/settings.ts';
import type { PeerId } from '../../netcode/session.ts';
import { until } from './harness.ts';
import type { MeshOrder, MeshReport, Place } from './mesh-peer-main.ts';
import { LiveRendezvous } from './peer-harness.ts';
import { PeerProcess } from './peer-process.ts';
import { type Span, withoutStalls } from './stalls.ts';

const ENTRY = new URL('./mesh-peer-main.ts', import.meta.url);
const PEERS = 6;
/** A test takes a quarter of a minute; reached only when one fails. */
const PATIENCE_MS = 120_000;
/** From the death of a peer to nobody seeing it, as far as the machine lets those who saw it run. */
const NOTICED_WITHIN_MS = 1500;
/** The seat of who is away is kept so long. */
const HOLD_MS = 2000;
/** Who is refused a seat must get into the room first. */
const ROOM_TO_ASK = 4;

class MeshProcess extends PeerProcess<MeshReport> {
  /** Whom it saw, by report. */
  readonly sights: { atMs: number; peers: ReadonlySet<PeerId> }[] = [];
  /** Every slot that it ever had; −1 is none. */
  readonly slots = new Set<number>();

  constructor(name: string) {
    super(ENTRY, { url: rendezvous.url, name });
    this.child.on('error', () => {});
  }

  protected override heard({ atMs, seen, player }: MeshReport): void {
    this.sights.push({ atMs, peers: new Set(seen.map(({ peer }) => peer)) });
    if (player >= 0 || this.slots.size > 0) this.slots.add(player);
  }

  tell(order: MeshOrder): void {
    this.child.send(order);
  }

  sees(other: MeshProcess): boolean {
    return this.sights.at(-1)?.peers.has(other.self) === true;
  }

  /** It sees the other one where that one says it is. */
  seesTruly(other: MeshProcess): boolean {
    const row = this.last!.seen.find(({ peer }) => peer === other.self);
    return row?.x === other.last!.place?.x && row?.y === other.last!.place?.y;
  }

  /** From a moment on until it reports without seeing somebody; null while it still does. */
  untilUnseen(peer: PeerId, fromMs: number): Span | null {
    const first = this.sights.find(({ atMs, peers }) => atMs > fromMs && !peers.has(peer));
    return first ? { fromMs, untilMs: first.atMs } : null;
  }

  seatOf(other: MeshProcess): MeshReport['seats'][number] | undefined {
    return this.last!.seats.find(({ peer }) => peer === other.self);
  }
}

let rendezvous: LiveRendezvous;
let peers: MeshProcess[] = [];

afterEach(async () => {
  for (const peer of peers) await peer.kill();
  await rendezvous.stop();
});

/** Where the room is new there is nothing to learn from others; one that is started anew waits for them. */
function startRendezvous(config: Partial<MatchConfig>, port = 0): Promise<LiveRendezvous> {
  const players = PEERS + 2;
  const settings = encodeMeshSettings(meshSettings({ ...DEFAULT_MATCH, players, ...config }));
  return LiveRendezvous.start({
    port,
    room: { settings: [...settings], maxPeers: players + ROOM_TO_ASK, seats: players },
    rendezvous: { seatHoldMs: HOLD_MS, ...(port === 0 ? { recoverMs: 0 } : {}) },
  });
}

/** Waits for something, and says what each peer last said where that never comes. */
function wait<T>(what: string, holds: () => T): Promise<NonNullable<T>> {
  return until(() => `${what}:\n${peers.map((peer) => peer.describe()).join('\n')}`, holds, 40_000);
}

async function start(config: Partial<MatchConfig>): Promise<MeshProcess[]> {
  rendezvous = await startRendezvous(config);
  peers = Array.from({ length: PEERS }, (_, i) => new MeshProcess(`peer ${i}`));
  await wait('all have a seat that all know of', () =>
    peers.every(({ last }) => last && last.player >= 0 && last.seats.length === PEERS),
  );
  return [...peers].sort((a, b) => a.self - b.self);
}

/** All come to one place and stand there, seeing each other exactly where they are. */
async function gather(some: readonly MeshProcess[], at: Place): Promise<void> {
  for (const peer of some) peer.tell({ type: 'stand', at });
  await wait('all see all, where they are', () =>
    some.every((peer) => {
      const { x, y } = peer.last!.place!;
      const isThere = Math.abs(x - at.x) < 64 * SUBUNITS && Math.abs(y - at.y) < 64 * SUBUNITS;
      return isThere && some.every((other) => other === peer || peer.seesTruly(other));
    }),
  );
}

function statementsOf(some: readonly MeshProcess[]): LedgerStatement[] {
  return some.flatMap(({ last }) => (last?.statement ? [last.statement] : []));
}

/** Nobody claims anything: waits until what was claimed before is answered, and every coin is where it is said to be. */
function exactCoins(some: readonly MeshProcess[]): Promise<LedgerAudit> {
  const audit = () => auditLedger(statementsOf(some));
  return until(
    () => `the coins are exact (${audit()?.complaints.join('; ')}):\n${some.map((peer) => peer.describe()).join('\n')}`,
    () => {
      const found = audit();
      const isWhole = found?.minted === found!.held + found!.lying + found!.spent;
      return isWhole && found!.error === 0 && statementsOf(some).length === some.length ? found : null;
    },
    40_000,
  );
}

/** The peers that keep the coins of a spot, who is in charge first, as somebody who lives knows. */
function homesOf(spot: number, some: readonly MeshProcess[]): MeshProcess[] {
  const { line, epoch, seats } = statementsOf(some)[0]!;
  const homes = new Epoch(line, epoch, seats).homesOf(spot).map(({ peer }) => peer);
  return homes.map((home) => some.find(({ self }) => self === home)!);
}

/** Claims a coin of a spot; answered when it is granted. */
async function take(peer: MeshProcess, spot: number): Promise<void> {
  const { taken } = peer.last!;
  peer.tell({ type: 'take', spot });
  await wait(`${peer.self} is granted a coin of spot ${spot}`, () => peer.last!.taken > taken);
}

/** Kills a peer; whoever saw it must see it no more soon after. */
async function killAndMiss(victim: MeshProcess, others: readonly MeshProcess[]): Promise<void> {
  const neighbours = others.filter((other) => other.sees(victim));
  const killedMs = monotonicMs();
  await victim.kill();
  for (const other of neighbours) {
    const span = await wait(`${other.self} misses ${victim.self}`, () => other.untilUnseen(victim.self, killedMs));
    expect(withoutStalls(span, other.stalls), `${other.self} sees ${victim.self}`).toBeLessThan(NOTICED_WITHIN_MS);
  }
  await wait(`${victim.self} is away or gone`, () => others.every((other) => other.seatOf(victim)?.isAway !== false));
}

/** Where coins lie that somebody held; undefined for each that does not lie. */
function placesOf(tokens: readonly Token[], some: readonly MeshProcess[]): (Place | undefined)[] {
  const records = statementsOf(some).flatMap((statement) => statement.records);
  return tokens.map((token) => {
    const { record } = records.find(({ spot, isInCharge }) => isInCharge && spot === spotOf(token))!;
    return record.out.find(({ generation, holder }) => generation === generationOf(token) && holder === NOBODY);
  });
}

test(
  'of six peers one dies, then the home of a coin, then another: all are missed, and no coin is',
  async () => {
    const all = await start({ scenario: 'everyone' });
    for (const peer of all) peer.tell({ type: 'collect' });
    for (const [i, peer] of all.entries()) await take(peer, i);

    // One that stands among the others, holding coins.
    const middle = 448 * SUBUNITS;
    await gather(all, { x: middle, y: middle });
    await exactCoins(all);
    const [victim, ...left] = all;
    const { place, statement } = victim!.last!;
    const tokens = statement!.tokens;
    expect(tokens.length).toBeGreaterThan(0);
    const killedMs = monotonicMs();
    await killAndMiss(victim!, left);
    await wait('its seat is dropped', () => left.every((other) => !other.seatOf(victim!)));
    expect(monotonicMs() - killedMs).toBeGreaterThan(HOLD_MS);
    await exactCoins(left);
    const cells = placesOf(tokens, left).map((lies) => lies && cellOf(lies.x, lies.y));
    expect(cells).toEqual(tokens.map(() => cellOf(place!.x, place!.y)));

    // While all play, who is in charge of a coin, and then one of those who keep it besides.
    for (const peer of left) peer.tell({ type: 'collect' });
    const spot = 3;
    for (const rank of [0, 1]) {
      const living = left.filter(({ child }) => child.signalCode === null);
      const homes = homesOf(spot, living);
      const others = living.filter((peer) => peer !== homes[rank]);
      const claimant = others.find((peer) => !homes.includes(peer)) ?? others[0]!;
      await take(claimant, spot);
      const before = claimant.last!.epoch;
      await killAndMiss(homes[rank]!, others);
      await take(claimant, spot);
      expect(claimant.last!.epoch).toBeGreaterThan(before);
      expect(homesOf(spot, others).map(({ self }) => self)).not.toContain(homes[rank]!.self);
    }

    const last = left.filter(({ child }) => child.signalCode === null);
    expect(last).toHaveLength(3);
    await wait('only those who live have seats', () => last.every((peer) => peer.last!.seats.length === last.length));
    for (const peer of last) peer.tell({ type: 'stand' });
    const coins = await exactCoins(last);
    expect(coins.held).toBeGreaterThan(0);
    expect(last.map((peer) => peer.last!.malformed)).toEqual([0, 0, 0]);
  },
  PATIENCE_MS,
);

/** Two who have no link and are far apart along an axis: no cell touches both of theirs. */
function strangers(some: readonly MeshProcess[]): { pair: [MeshProcess, MeshProcess]; axis: 'x' | 'y' } | null {
  for (const axis of ['x', 'y'] as const) {
    const sorted = [...some].sort((a, b) => a.last!.place![axis] - b.last!.place![axis]);
    const pair: [MeshProcess, MeshProcess] = [sorted[0]!, sorted.at(-1)!];
    const isFar = pair[1].last!.place![axis] - pair[0].last!.place![axis] > 700 * SUBUNITS;
    if (isFar && !areLinked(...pair)) return { pair, axis };
  }
  return null;
}

const areLinked = (a: MeshProcess, b: MeshProcess) =>
  a.last!.direct.includes(b.self) && b.last!.direct.includes(a.self);

/** Two strangers, with others between who see one of them each. */
async function formChain(all: readonly MeshProcess[]): Promise<{ pair: [MeshProcess, MeshProcess]; middle: Place }> {
  const found = strangers(all);
  expect(found, 'two have no link').not.toBeNull();
  const { pair, axis } = found!;
  const half = (name: 'x' | 'y') => (pair[0].last!.place![name] + pair[1].last!.place![name]) >> 1;
  const middle = { x: half('x'), y: half('y') };
  const beside = (units: number): Place => ({ ...middle, [axis]: middle[axis] + units * SUBUNITS });
  const between = all.filter((peer) => !pair.includes(peer));
  pair[0].tell({ type: 'stand', at: beside(-330) });
  pair[1].tell({ type: 'stand', at: beside(330) });
  for (const [i, peer] of between.entries()) peer.tell({ type: 'stand', at: beside(i % 2 === 0 ? -60 : 60) });
  await wait('each stranger sees its neighbours, who see each other', () => {
    const sides = [0, 1].map((side) => between.filter((_, i) => i % 2 === side));
    const isNear = pair.every((stranger, side) => sides[side]!.every((peer) => stranger.seesTruly(peer)));
    return isNear && between.every((peer) => between.every((other) => other === peer || peer.seesTruly(other)));
  });
  expect(areLinked(...pair), 'strangers have no link').toBe(false);
  return { pair, middle };
}

test(
  'without their rendezvous peers play on and find each other; started anew it learns the match from them',
  async () => {
    const config = { inView: 1 };
    const all = await start(config);
    const { pair, middle } = await formChain(all);
    const { line, epoch } = all[0]!.last!;
    const { port } = rendezvous;
    await rendezvous.kill();
    const newcomer = new MeshProcess('newcomer');
    peers.push(newcomer);

    // All walk, and see it; two who had no link get one, made through those between them.
    await gather(all, middle);
    await wait('the strangers have a link', () => areLinked(...pair));
    expect(all.reduce((sum, { last }) => sum + last!.signalsHandedOn, 0)).toBeGreaterThan(0);
    await wait('the newcomer says why it cannot come in', () => newcomer.last?.trouble);
    expect(newcomer.last).toMatchObject({ player: -1, epoch: -1, trouble: expect.stringContaining(rendezvous.url) });
    await wait('all know that it is gone', () => all.every(({ last }) => last!.rendezvous !== 'entered'));
    expect(all.map(({ last }) => last!.epoch)).toEqual(all.map(() => epoch));

    rendezvous = await startRendezvous(config, port);
    const whole = [...all, newcomer];
    await wait('the newcomer has a seat, as all others still have', () =>
      whole.every(({ last }) => last!.seats.length === whole.length && last!.seats.every(({ isAway }) => !isAway)),
    );
    for (const { last } of whole) expect(last).toMatchObject({ line });
    expect(newcomer.last!.epoch).toBeGreaterThan(epoch);
    for (const peer of all) expect([...peer.slots], 'slots it ever had').toEqual([peer.last!.player]);
    for (const [spot, peer] of whole.entries()) await take(peer, spot);
    for (const peer of whole) peer.tell({ type: 'stand' });
    const coins = await exactCoins(whole);
    expect(coins.held).toBeGreaterThanOrEqual(whole.length);
  },
  PATIENCE_MS,
);
