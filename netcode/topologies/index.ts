/** The registry of topologies: help texts, the page's menu, the contract tests and the report read it. */
import type { Topology } from './topology.ts';

export type { Decides, Topology } from './topology.ts';

export const TOPOLOGIES: readonly Topology[] = [
  {
    id: 'server',
    title: 'an authoritative Colyseus server',
    authority: 'one server process',
    decides: 'authority',
    transport: 'stream',
    links: 'WebSocket',
    authorityIsPlayer: false,
  },
  {
    id: 'host',
    title: "a host peer: one player's machine decides",
    authority: "one player's machine",
    decides: 'authority',
    transport: 'datagram',
    links: 'geckos.io data channels',
    authorityIsPlayer: true,
  },
  {
    id: 'lockstep',
    title: 'lockstep: every peer simulates, and nobody decides',
    authority: 'nobody: every peer simulates',
    decides: 'nobody',
    transport: 'datagram',
    links: 'WebRTC data channels between all peers',
    authorityIsPlayer: false,
  },
  {
    id: 'mesh',
    title: 'mesh: everybody owns its avatar, and tells those who can see it',
    authority: 'every peer, of its own avatar; coins: three peers each',
    decides: 'owners',
    transport: 'datagram',
    links: 'WebRTC data channels between neighbours',
    authorityIsPlayer: false,
  },
];

/** The topology of an id. Throws a RangeError that names what is allowed. */
export function topologyOf(id: string): Topology {
  const found = TOPOLOGIES.find((topology) => topology.id === id);
  if (!found) throw new RangeError(`topology '${id}': allowed are ${TOPOLOGIES.map((t) => t.id).join(', ')}`);
  return found;
}
