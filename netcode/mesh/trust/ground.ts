/** What the defences of a mesh need of the session that they stand in. */
import type { Arena } from '../../../game/arena.ts';
import type { PeerId, SessionEvent } from '../../session.ts';
import type { Token } from '../ledger/record.ts';
import type { Other } from '../other.ts';
import type { MeshDefence, MeshSettings } from '../settings.ts';
import type { TrustCounters } from './counters.ts';
import type { MeshCrypto } from './crypto.ts';

/** What a session provides. */
export interface TrustHost {
  readonly arena: Arena;
  readonly settings: MeshSettings;
  /** Needed where peers prove keys or sign. */
  readonly crypto: MeshCrypto | null;
  readonly others: ReadonlyMap<PeerId, Other>;
  randomBytes(into: Uint8Array): void;
  self(): PeerId;
  /** Tells matches in the same room apart. */
  line(): number;
  /** Of a seat of the newest epoch; −1 for none. */
  lifeOf(peer: PeerId): number;
  /** The own newest tick. */
  tick(): number;
  /** Where the own avatar is; null where it has none. */
  place(): { x: number; y: number } | null;
  /** Peers that have a seat and are there. */
  present(): number;
  /** Who keeps a coin's record; the first is in charge. */
  homesOf(token: Token): PeerId[];
  /** As a home: the tick at which somebody spent a coin, −1 when it did not; null where this peer cannot say. */
  spentTick(token: Token, by: PeerId): number | null;
  /** Where a coin lies, as far as is known. */
  coinPlace(token: Token): { x: number; y: number } | undefined;
  send(to: PeerId, bytes: Uint8Array): void;
  sendReliable(to: PeerId, bytes: Uint8Array): void;
  /** Over the link where there is one, else through the rendezvous. */
  sendAnyhow(to: PeerId, bytes: Uint8Array): void;
  tell(event: SessionEvent): void;
  /** Closes the link to a peer and takes its avatar out of the picture. */
  part(peer: PeerId): void;
}

/** The same, with what all defences count in. */
export interface TrustGround extends TrustHost {
  readonly counters: TrustCounters;
}

/** Sends a message of a defence, and notes what it costs. */
export function pay(
  ground: TrustGround,
  defence: MeshDefence,
  to: PeerId,
  bytes: Uint8Array,
  isReliable = false,
): void {
  const cost = ground.counters.costs[defence];
  cost.sentMessages++;
  cost.sentBytes += bytes.length;
  if (isReliable) ground.sendReliable(to, bytes);
  else ground.send(to, bytes);
}
