/** What all peers of a lockstep match must agree on: it travels with the room they meet in. */
import type { MatchConfig } from '../../game/arena.ts';
import { ByteReader, ByteWriter } from '../bytes.ts';
import { readMatchConfig, writeMatchConfig } from '../match-config-codec.ts';
import { ProtocolError } from '../protocol.ts';

export interface LockstepDefences {
  /** Nobody may see the others' inputs of a tick before its own is fixed. Against look-ahead. */
  commitReveal: boolean;
  /** Who keeps the others waiting for longer than this is dropped, not waited for. Against lag switches. */
  deadline: boolean;
  /** Inputs are bound by signed heads of a hash chain that peers compare. Against telling each peer another story. */
  signedHeads: boolean;
}

export interface LockstepSettings {
  config: MatchConfig;
  /** Step ahead on predicted inputs, and correct; without it a peer waits. */
  rollback: boolean;
  /** Most ticks between taking an input and the tick it counts for. */
  maxDelayTicks: number;
  /** Ticks for which the avatar of a dropped peer stands and waits for its player. */
  holdTicks: number;
  defences: LockstepDefences;
}

const Flag = { rollback: 1, commitReveal: 2, deadline: 4, signedHeads: 8 } as const;
const ALL_FLAGS = 15;

/** The usual most input delay: what people still play with; commit and reveal go through the network one after the other. */
const MAX_DELAY_S = 0.3;
const MAX_SEALED_DELAY_S = 0.5;

/** Settings with the usual limits for a config. */
export function lockstepSettings(
  config: MatchConfig,
  options: Partial<Omit<LockstepSettings, 'defences'>> & { defences?: Partial<LockstepDefences> } = {},
): LockstepSettings {
  const defences = { commitReveal: false, deadline: false, signedHeads: false, ...options.defences };
  return {
    config: { ...config, historyTicks: 0 },
    rollback: false,
    maxDelayTicks: Math.ceil((defences.commitReveal ? MAX_SEALED_DELAY_S : MAX_DELAY_S) * config.tickRateHz),
    holdTicks: 10 * config.tickRateHz,
    ...options,
    defences,
  };
}

export function encodeSettings({ config, rollback, maxDelayTicks, holdTicks, defences }: LockstepSettings): Uint8Array {
  const flags =
    (rollback ? Flag.rollback : 0) |
    (defences.commitReveal ? Flag.commitReveal : 0) |
    (defences.deadline ? Flag.deadline : 0) |
    (defences.signedHeads ? Flag.signedHeads : 0);
  const writer = new ByteWriter().u8(flags).u8(maxDelayTicks).u16(holdTicks);
  return writeMatchConfig(writer, config).finish();
}

/** Throws a ProtocolError on anything that no match can be. */
export function decodeSettings(bytes: Uint8Array): LockstepSettings {
  const reader = new ByteReader(bytes);
  const flags = reader.u8();
  if (flags > ALL_FLAGS) throw new ProtocolError(`flags ${flags} of a match`);
  const maxDelayTicks = reader.u8();
  const holdTicks = reader.u16();
  const config = readMatchConfig(reader);
  return {
    config,
    rollback: (flags & Flag.rollback) !== 0,
    maxDelayTicks,
    holdTicks,
    defences: {
      commitReveal: (flags & Flag.commitReveal) !== 0,
      deadline: (flags & Flag.deadline) !== 0,
      signedHeads: (flags & Flag.signedHeads) !== 0,
    },
  };
}
