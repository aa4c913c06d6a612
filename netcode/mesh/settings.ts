/** What all peers of a mesh must agree on: it travels with the room they meet in. */
import type { MatchConfig } from '../../game/arena.ts';
import { ByteReader, ByteWriter } from '../bytes.ts';
import { readMatchConfig, writeMatchConfig } from '../match-config-codec.ts';
import { ProtocolError } from '../protocol.ts';

export const MESH_DEFENCES = ['handshakes', 'macs', 'heads', 'replayWindow', 'witnesses', 'sybilPrice'] as const;
export type MeshDefence = (typeof MESH_DEFENCES)[number];
/**
 * `handshakes`: a peer proves its key when a link opens. `macs`: messages on a link carry a keyed hash. `heads`: about once
 * a second a peer signs a head of the hash chain of what it told, and neighbours compare heads. `replayWindow`: what is old
 * or came before is dropped. `witnesses`: others step a player's movement again and judge its health and coins.
 * `sybilPrice`: the rendezvous asks for a proof of work.
 */
export type MeshDefences = Record<MeshDefence, boolean>;

export interface MeshSettings {
  config: MatchConfig;
  /** States per second that a peer tells those who see it. */
  sendRateHz: number;
  /** `need`: near ones and those in a fight hear more often, distant ones less. */
  send: 'flat' | 'need';
  /** Links that a peer holds at most; the least useful is closed first. */
  maxLinks: number;
  /** Witnesses of each peer. */
  witnesses: number;
  defences: MeshDefences;
}

const MAX_LINKS = 64;

export function noDefences(): MeshDefences {
  return Object.fromEntries(MESH_DEFENCES.map((name) => [name, false])) as MeshDefences;
}

export function allDefences(): MeshDefences {
  return Object.fromEntries(MESH_DEFENCES.map((name) => [name, true])) as MeshDefences;
}

/** Settings with the usual limits for a config. */
export function meshSettings(
  config: MatchConfig,
  options: Partial<Omit<MeshSettings, 'defences' | 'config'>> & { defences?: Partial<MeshDefences> } = {},
): MeshSettings {
  return {
    config: { ...config, historyTicks: 0 },
    sendRateHz: 10,
    send: 'need',
    maxLinks: MAX_LINKS,
    witnesses: 3,
    ...options,
    defences: { ...noDefences(), ...options.defences },
  };
}

export function encodeMeshSettings(settings: MeshSettings): Uint8Array {
  const { config, sendRateHz, send, maxLinks, witnesses, defences } = settings;
  let flags = send === 'need' ? 1 : 0;
  MESH_DEFENCES.forEach((name, bit) => {
    if (defences[name]) flags |= 2 << bit;
  });
  const writer = new ByteWriter().u8(flags).u8(sendRateHz).u8(maxLinks).u8(witnesses);
  return writeMatchConfig(writer, config).finish();
}

/** Throws a ProtocolError on anything that no match can be. */
export function decodeMeshSettings(bytes: Uint8Array): MeshSettings {
  const reader = new ByteReader(bytes);
  const flags = reader.u8();
  if (flags >= 2 << MESH_DEFENCES.length) throw new ProtocolError(`flags ${flags} of a mesh`);
  const sendRateHz = reader.u8();
  const maxLinks = reader.u8();
  const witnesses = reader.u8();
  const config = readMatchConfig(reader);
  if (sendRateHz < 1 || sendRateHz > config.tickRateHz) throw new ProtocolError(`send rate ${sendRateHz} Hz`);
  if (maxLinks < 2 || maxLinks > MAX_LINKS) throw new ProtocolError(`${maxLinks} links`);
  const defences = noDefences();
  MESH_DEFENCES.forEach((name, bit) => {
    defences[name] = (flags & (2 << bit)) !== 0;
  });
  return { config, sendRateHz, send: (flags & 1) !== 0 ? 'need' : 'flat', maxLinks, witnesses, defences };
}
