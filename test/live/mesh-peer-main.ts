/**
 * A peer of a mesh in a process of its own. It reports what it knows many times a second, and does what its parent orders.
 * It holds its fire, so that nobody dies but by the test. Where it has lost the rendezvous, or never met it, it tries again.
 */
import { policyOf } from '../../bots/policies/index.ts';
import { Walker } from '../../bots/policies/walking.ts';
import { TILE } from '../../game/constants.ts';
import { Button, NO_INPUT, type PlayerInput } from '../../game/input.ts';
import { Random } from '../../game/random.ts';
import { monotonicMs } from '../../links/timer.ts';
import { type LedgerStatement, statementOf } from '../../netcode/mesh/ledger/audit.ts';
import { spotOf } from '../../netcode/mesh/ledger/record.ts';
import { MeshSession } from '../../netcode/mesh/mesh-session.ts';
import type { PeerId } from '../../netcode/session.ts';
import type { View } from '../../netcode/view.ts';
import { name, openEnd, type PeerReport, startPeer, tell } from './peer-main.ts';
import { StallWatch } from './stalls.ts';

export interface Place {
  x: number;
  y: number;
}

export interface MeshReport extends PeerReport {
  player: number;
  place: Place | null;
  /** Whom its player sees, and where. */
  seen: ({ peer: PeerId } & Place)[];
  /** Reached without the rendezvous. */
  direct: PeerId[];
  rendezvous: string;
  /** Why it was not let in, or why its last link to the rendezvous closed. */
  trouble: string;
  line: number;
  epoch: number;
  seats: { peer: PeerId; isAway: boolean }[];
  /** Coins that it was granted since its program began, of the spot that it was last told to take one of. */
  taken: number;
  signalsHandedOn: number;
  malformed: number;
  statement: LedgerStatement | null;
}

/** `collect`: play for coins; `stand`, where one is or at a place; `take`: claim one coin of a spot, wherever it lies. */
export type MeshOrder = { type: 'collect' } | { type: 'stand'; at?: Place } | { type: 'take'; spot: number };

const REPORT_EVERY_MS = 25;
const COME_BACK_AFTER_MS = 500;

const random = new Random(name.length);
const collect = policyOf('collector').create(random);
const walker = new Walker(random);
const stallWatch = new StallWatch();
let order: MeshOrder = { type: 'stand' };
/** The spot to take a coin of; −1 for none, and its coins that were held when that was ordered. */
let wanted = -1;
let heldBefore = new Set<number>();
let taken = 0;
let trouble = '';

function decide(view: View): PlayerInput {
  if (order.type === 'collect') {
    const { buttons, aim } = collect(view);
    // Who dies later must hold coins then: it buys nothing.
    return { buttons: buttons & ~(Button.fire | Button.buy), aim };
  }
  if (order.type !== 'stand' || !order.at) return NO_INPUT;
  return { buttons: walkTo(order.at, view), aim: 0 };
}

/** The least way that was left, when that was, and until when it goes elsewhere instead. */
let least = Number.POSITIVE_INFINITY;
let leastTick = 0;
let roamEndTick = 0;
let roam: Place = { x: 0, y: 0 };

/** As bots walk; but who has come no nearer for three seconds goes some way for one, for a test must not hang on a corner. */
function walkTo({ x, y }: Place, view: View): number {
  const { self, tick, arena } = view;
  const { tickRateHz } = arena.rules;
  const left = Math.abs(x - self.x) + Math.abs(y - self.y);
  if (left < least - TILE / 8) {
    least = left;
    leastTick = tick;
  } else if (left > TILE && tick - leastTick > 3 * tickRateHz) {
    roam = { x: random.below(2 * TILE) - TILE, y: random.below(2 * TILE) - TILE };
    roamEndTick = tick + tickRateHz;
    least = Number.POSITIVE_INFINITY;
    leastTick = roamEndTick;
  }
  return tick < roamEndTick ? walker.along(view, roam.x, roam.y) : walker.towards(view, x, y);
}

const driver = startPeer((birth) => new MeshSession(birth, monotonicMs()), {
  decide,
  onClose(reason) {
    trouble = reason;
    setTimeout(() => driver.attach(openEnd()), COME_BACK_AFTER_MS);
  },
});
const { session } = driver;

process.on('message', (told: MeshOrder) => {
  if (told.type !== 'take') {
    order = told;
    least = Number.POSITIVE_INFINITY;
    return;
  }
  wanted = told.spot;
  heldBefore = new Set(session.ledger!.tokens.keys());
});

/** Claims what lies of the wanted spot until one of its coins is granted. */
function claim(): void {
  const { ledger } = session;
  if (!ledger || wanted < 0) return;
  if ([...ledger.tokens.keys()].some((token) => spotOf(token) === wanted && !heldBefore.has(token))) {
    wanted = -1;
    taken++;
    return;
  }
  const coins = [...ledger.book.lying].filter(({ token }) => spotOf(token) === wanted);
  if (coins.some(({ token }) => ledger.isPending(token))) return;
  for (const { token } of coins.slice(0, 1)) ledger.take(token, monotonicMs());
}

function report(): MeshReport {
  const { self, player, view, world, epoch, ledger, settings, rendezvous, counters } = session;
  const seen: MeshReport['seen'] = [];
  for (let row = 0; view && row < view.players.count; row++) {
    const { id, x, y } = view.players;
    const peer = epoch?.seatAt(id[row]!)?.peer;
    if (peer !== undefined) seen.push({ peer, x: x[row]!, y: y[row]! });
  }
  return {
    self,
    player,
    atMs: monotonicMs(),
    stalls: stallWatch.take(),
    place: world && player >= 0 ? { x: world.players.x[player]!, y: world.players.y[player]! } : null,
    seen,
    direct: [...session.peers.keys()].filter((peer) => driver.linkOf(peer) === 'direct'),
    rendezvous: rendezvous.state,
    trouble: session.refusal || trouble,
    line: epoch?.line ?? -1,
    epoch: epoch?.number ?? -1,
    seats: (epoch?.seats ?? []).map(({ peer, isAway }) => ({ peer, isAway })),
    taken,
    signalsHandedOn: counters.signalsHandedOn,
    malformed: counters.malformed,
    statement: settings && statementOf(self, { epoch, ledger, spots: settings.config.players }),
  };
}

setInterval(() => {
  claim();
  tell(report());
}, REPORT_EVERY_MS);
