/** Lockstep matches on virtual time for the tests of its protocol. */
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { Random } from '../../game/random.ts';
import { profileOf } from '../../netcode/link/profiles.ts';
import { type LockstepCrypto, LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import { type LockstepDefences, lockstepSettings } from '../../netcode/lockstep/settings.ts';
import { decodeMessage } from '../../netcode/messages.ts';
import { Kind } from '../../netcode/protocol.ts';
import type { PeerId, SessionEvent } from '../../netcode/session.ts';
import { type LockstepNode, SimulatedLockstep } from '../../simulator/lockstep.ts';

const INPUT_STREAM = 901;

export interface Told {
  node: LockstepNode;
  event: SessionEvent;
  atMs: number;
}

export interface Cast {
  seed: number;
  peers: number;
  profile: string;
  rollback?: boolean;
  defences?: Partial<LockstepDefences>;
  /** The first one's session is replaced by what this makes of it. */
  cheat?: (honest: LockstepSession) => LockstepSession;
  /** Other keys than those of the simulator, by node. */
  keys?: (number: number) => LockstepCrypto;
}

/** A match of peers that fidget, all of them playing, and what they tell from then on. */
export function playing({ seed, peers, profile, rollback = false, defences = {}, cheat, keys }: Cast) {
  const told: Told[] = [];
  const match = new SimulatedLockstep({
    settings: lockstepSettings({ ...DEFAULT_MATCH, players: peers + 1, seed }, { rollback, defences }),
    seed,
    profile: profileOf(profile),
    inputRateHz: 10,
    peers: Array.from({ length: peers }, (_, index) => {
      const random = new Random(seed * 100 + index, INPUT_STREAM);
      const decide = () => ({ buttons: random.below(64), aim: random.below(4096) });
      const peer = { name: `peer ${index + 1}`, decide };
      const rekeyed =
        keys && (({ options }: LockstepSession) => new LockstepSession({ ...options, crypto: keys(index + 1) }, 0));
      const wrapSession = rekeyed ?? (index === 0 ? cheat : undefined);
      return wrapSession ? { ...peer, wrapSession } : peer;
    }),
    onEvent: (node, event, atMs) => told.push({ node, event, atMs }),
  });
  const areIn = () => match.nodes.every(({ session }) => session.state === 'playing');
  if (!match.runUntil(areIn, 600)) throw new Error('not everybody got in');
  match.run({ ms: 2000 });
  told.length = 0;
  return { match, told };
}

/** A session of which some members are replaced. */
export function withMembers(honest: LockstepSession, members: Partial<LockstepSession>): LockstepSession {
  return new Proxy(honest, {
    get(target, name) {
      if (Object.hasOwn(members, name)) return Reflect.get(members, name, members);
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
    set: (target, name, value) => Reflect.set(target, name, value, target),
  });
}

/** Lets a test hear what a session sends and is sent, and lose of it what it returns false for. */
export function tap(
  session: LockstepSession,
  {
    sent = () => true,
    heard = () => true,
  }: { sent?: (to: PeerId, bytes: Uint8Array) => boolean; heard?: (from: PeerId, bytes: Uint8Array) => boolean },
): void {
  const { drain, receive } = session;
  session.drain = () =>
    drain.call(session).filter((request) => request.type !== 'send' || sent(request.to, request.bytes));
  session.receive = (from, bytes, nowMs) => {
    if (heard(from, bytes)) receive.call(session, from, bytes, nowMs);
  };
}

/** The kind of a message, or of the one that is wrapped in it. */
export function kindIn(bytes: Uint8Array): number {
  if (bytes[1] !== Kind.reliable) return bytes[1]!;
  const message = decodeMessage(bytes);
  return message.type === 'reliable' ? message.inner[1]! : Kind.reliable;
}
