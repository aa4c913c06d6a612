/** Puts the defences that the settings of a match switch on into a session. */
import { type Core, ownPlace, selfOf } from '../core.ts';
import { spotOf } from '../ledger/record.ts';
import { isGone } from '../linking.ts';
import type { MeshSettings } from '../settings.ts';
import { send, sendAnyhow, sendReliable } from '../telling.ts';
import { needsTrust, Trust } from './trust.ts';

/** Null where none is on. Throws a RangeError when keys are needed and the session has none. */
export function attachTrust(core: Core, settings: MeshSettings): Trust | null {
  if (!needsTrust(settings)) return null;
  const { stage, options, others, outbox } = core;
  return new Trust({
    arena: stage!.arena,
    settings,
    crypto: options.crypto ?? null,
    others,
    randomBytes: options.randomBytes,
    self: () => selfOf(core),
    line: () => core.epoch?.line ?? 0,
    lifeOf: (peer) => core.epoch?.seatOf(peer)?.life ?? -1,
    tick: () => core.nextTick - 1,
    place: () => ownPlace(core),
    present: () => core.epoch?.seats.filter(({ isAway }) => !isAway).length ?? 0,
    homesOf: (token) => core.epoch?.homesOf(spotOf(token)).map(({ peer }) => peer) ?? [],
    spentTick: (token, by) => stage!.ledger.spentTick(token, by),
    coinPlace: (token) => stage!.ledger.book.find(token),
    send: (to, bytes) => send(core, to, bytes, core.nowMs),
    sendReliable(to, bytes) {
      const other = others.get(to);
      if (other) sendReliable(other, bytes, core.nowMs);
    },
    sendAnyhow: (to, bytes) => sendAnyhow(core, to, bytes, core.nowMs),
    tell: (event) => outbox.tell(event),
    part(peer) {
      const other = others.get(peer);
      if (other) isGone(core, other);
    },
  });
}
