/** How a room of the rendezvous that keeps seats reaches its peers, whose links the rendezvous has. */
import type { KeeperTimes } from './mesh/epoch-keeper.ts';
import type { RoomMessage } from './mesh/room-messages.ts';
import { SeatedRoom } from './mesh/seated-room.ts';
import type { RoomSettings } from './rendezvous-messages.ts';
import type { Room } from './rendezvous-rooms.ts';
import type { PeerId } from './session.ts';

/** What the rendezvous does for its rooms, by link. */
export interface Door {
  sendReliable(link: PeerId, message: RoomMessage, nowMs: number): void;
  sendUnreliable(link: PeerId, message: RoomMessage, nowMs: number): void;
  heardMs(link: PeerId): number;
  /** Its participant may come in again. */
  sendAway(link: PeerId, reason: string, nowMs: number): void;
  decided(line: number, number: number): void;
  introduced(peers: number): void;
  /** 32 random bits. */
  random(): number;
}

/** From now on a room keeps as many seats as its settings say; 0: none. */
export function keepSeats(
  room: Room,
  { seats = 0 }: RoomSettings,
  times: KeeperTimes,
  door: Door,
  nowMs: number,
): void {
  if (seats === 0) return;
  const linkOf = (peer: PeerId) => room.present.get(peer)?.link;
  const sendAway = (peer: PeerId, reason: string, sentMs: number) => {
    const link = linkOf(peer);
    if (link !== undefined) door.sendAway(link, reason, sentMs);
  };
  room.seated = new SeatedRoom(
    seats,
    times,
    {
      send: (peer, message, sentMs) => {
        const link = linkOf(peer);
        if (link !== undefined) door.sendReliable(link, message, sentMs);
      },
      sendUnreliable: (peer, message, sentMs) => {
        const link = linkOf(peer);
        if (link !== undefined) door.sendUnreliable(link, message, sentMs);
      },
      isHere: (peer) => room.present.has(peer),
      heardMs: (peer) => {
        const link = linkOf(peer);
        return link === undefined ? Number.NEGATIVE_INFINITY : door.heardMs(link);
      },
      lastPeer: () => room.lastPeer,
      reserve: (peers, lastPeer) => room.reserve(peers, lastPeer),
      decided: (line, number) => door.decided(line, number),
      introduced: (peers) => door.introduced(peers),
      dropped: (peer, droppedMs) => {
        sendAway(peer, 'its seat was given up', droppedMs);
        room.retire(peer);
      },
      expel: (peer, expelledMs) => {
        sendAway(peer, 'of another match', expelledMs);
        room.release(peer);
      },
      random: () => door.random(),
    },
    nowMs,
  );
}
