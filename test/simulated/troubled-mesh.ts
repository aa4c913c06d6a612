/**
 * Honest players with bad networks and bad machines: round trips of 150 to 350 ms, jitter with a standard deviation of
 * 40 ms, losses of 5 % in bursts, a stall of a second now and then, clocks that run up to 200 ppm off. Nobody among them is
 * to be blamed for anything.
 */
import { hasten } from '../../bots/cheats/speed.ts';
import { withMembers } from '../../bots/cheats/wrap.ts';
import { policyOf } from '../../bots/policies/index.ts';
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { Random } from '../../game/random.ts';
import { customProfile, type LinkProfile } from '../../netcode/link/profiles.ts';
import type { MeshSession } from '../../netcode/mesh/mesh-session.ts';
import { allDefences, meshSettings } from '../../netcode/mesh/settings.ts';
import type { PeerId } from '../../netcode/session.ts';
import { SimulatedMesh } from '../../simulator/mesh.ts';

const TROUBLE_STREAM = 950;
/** What each way of an access line adds to the profile: with both ends' that makes 150 to 350 ms there and back. */
const MOST_EXTRA_MS = 50;
const STALL_MS = 1000;
const STALL_EVERY_MS = 20_000;
const MOST_PPM = 200;

/** Heavy-tailed jitter of scale 1 has a standard deviation of SPREAD. */
const SPREAD = 1.47;
export const BAD = customProfile({ baseRttMs: 150, lossRatio: 0.05, meanBadMs: 100, jitterScaleMs: 40 / SPREAD });

/** A session whose program stands still for a second now and then: what comes meanwhile waits. */
function stalling(session: MeshSession, random: Random): MeshSession {
  let stallMs = random.below(STALL_EVERY_MS);
  const waiting: { from: PeerId; bytes: Uint8Array }[] = [];
  const isStalled = (nowMs: number) => {
    while (nowMs >= stallMs + STALL_MS) stallMs += STALL_MS + random.below(2 * STALL_EVERY_MS);
    return nowMs >= stallMs;
  };
  const wake = (nowMs: number) => {
    for (const { from, bytes } of waiting.splice(0)) session.receive(from, bytes, nowMs);
  };
  return withMembers<MeshSession>(session, {
    get nextDueMs() {
      const dueMs = waiting.length > 0 ? stallMs + STALL_MS : session.nextDueMs;
      return dueMs >= stallMs && dueMs < stallMs + STALL_MS ? stallMs + STALL_MS : dueMs;
    },
    receive(from, bytes, nowMs) {
      if (isStalled(nowMs)) {
        waiting.push({ from, bytes: bytes.slice() });
        return;
      }
      wake(nowMs);
      session.receive(from, bytes, nowMs);
    },
    wantsInput: (nowMs) => !isStalled(nowMs) && session.wantsInput(nowMs),
    advance(nowMs) {
      if (isStalled(nowMs)) return false;
      wake(nowMs);
      return session.advance(nowMs);
    },
  });
}

export interface Trouble {
  match: SimulatedMesh;
  /** Who blamed whom for what. */
  blames: { by: PeerId; peer: PeerId; reason: string; atMs: number }[];
}

/** A match of honest players with all defences on; `profile`: a usual network instead of the bad one. */
export function troubledMesh(seed: number, players: number, profile?: LinkProfile): Trouble {
  const blames: Trouble['blames'] = [];
  const match = new SimulatedMesh({
    settings: meshSettings({ ...DEFAULT_MATCH, players, seed }, { defences: { ...allDefences(), sybilPrice: false } }),
    seed,
    profile: profile ?? BAD,
    inputRateHz: 10,
    peers: Array.from({ length: players }, (_, index) => {
      const random = new Random(seed, TROUBLE_STREAM + index);
      const policy = policyOf(['hunter', 'collector', 'wander'][index % 3]!);
      const ppm = random.below(2 * MOST_PPM + 1) - MOST_PPM;
      const trouble = profile
        ? {}
        : { wrapSession: (session: MeshSession) => hasten(stalling(session, random), 1 + ppm / 1e6) };
      return { name: `peer ${index + 1}`, decide: policy.create(new Random(seed, 1000 + index)), ...trouble };
    }),
    onEvent({ session: { self } }, event, atMs) {
      if (event.type !== 'accused' && event.type !== 'banned' && event.type !== 'equivocation') return;
      blames.push({ by: self, peer: event.peer, reason: 'reason' in event ? event.reason : event.type, atMs });
    },
  });
  if (profile) return { match, blames };
  const random = new Random(seed, TROUBLE_STREAM - 1);
  for (const { number } of match.nodes) match.network.delay(number, random.below(MOST_EXTRA_MS));
  return { match, blames };
}
