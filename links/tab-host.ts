/**
 * A host in a tab: the page of one player is the authority for all, and its guests reach it over peer connections, met
 * through a rendezvous. The session and its driver are those of every authority; a guest gets a `ClientEnd` like any other.
 * Where a pair cannot connect, both directions are relayed. Browser-safe; Node can do it too.
 */
import type { Channel, LinkState, PeerId, Transport } from '../netcode/session.ts';
import type { AuthorityDriver } from './authority-driver.ts';
import { Carrier, type CarrierOptions } from './carrier.ts';
import { BaseEnd, OPEN_TIMEOUT_MS } from './client-end.ts';

/** Whoever makes a room is its first peer, and stays it; so guests know whom to dial. */
export const ROOM_HOST: PeerId = 1;

/** What host and guest say alike: how to reach the rendezvous, and how links are made. */
export type MeetingOptions = Omit<CarrierOptions, 'room' | 'create' | 'reclaim'>;

export interface TabHostOptions extends MeetingOptions {
  /** Its session must be made for `datagram`s. */
  authority: AuthorityDriver;
  /** Guests at once. */
  maxGuests: number;
  /** Told to everybody who enters; at most 1,024 bytes. */
  settings?: Uint8Array;
  /** The room is made: this is the code that guests need. */
  onRoom: (code: string) => void;
  /** The rendezvous was not reached or is gone, as a sentence. Guests that are there play on; the host returns to it. */
  onLost?: (reason: string) => void;
}

export interface TabHost {
  readonly carrier: Carrier;
  /** Sends everybody home. The authority's driver is stopped by who made it. */
  stop(reason?: string): void;
}

/** Makes a room and lets its guests reach the authority. */
export function hostInTab(options: TabHostOptions): TabHost {
  const { authority, maxGuests, settings = new Uint8Array(0), onRoom, onLost } = options;
  /** Under which number the authority knows each guest. */
  const guests = new Map<PeerId, PeerId>();
  const down = (peer: PeerId): void => {
    const guest = guests.get(peer);
    if (guest === undefined) return;
    guests.delete(peer);
    authority.peerDown(guest);
  };
  const up = (peer: PeerId): void => {
    // A relayed guest whose direct link came up after all is the same guest.
    if (guests.has(peer)) return;
    const guest = authority.peerUp({
      send: (bytes: Uint8Array, _channel: Channel) => carrier.send(peer, bytes),
      close: (reason) => {
        guests.delete(peer);
        carrier.disconnect(peer, reason);
      },
    });
    guests.set(peer, guest);
  };
  const carrier: Carrier = new Carrier(
    { ...options, room: null, create: { settings, maxPeers: maxGuests + 1 } },
    {
      onEntered: () => onRoom(carrier.rendezvous.room!),
      onLink: (peer, state) => (state === 'down' ? down(peer) : up(peer)),
      onBytes: (peer, bytes) => {
        const guest = guests.get(peer);
        if (guest !== undefined) authority.receive(guest, bytes);
      },
      onPeerGone: () => {},
      onLost: (reason) => onLost?.(reason),
    },
  );
  return {
    carrier,
    stop(reason = 'the host is closing') {
      for (const peer of [...guests.keys()]) down(peer);
      carrier.close(reason);
    },
  };
}

export interface PeerEndOptions extends MeetingOptions {
  /** Code of the host's room. */
  room: string;
}

class PeerEnd extends BaseEnd {
  readonly transport: Transport = 'datagram';
  readonly carrier: Carrier;
  readonly #cancelLimit: () => void;

  constructor(options: PeerEndOptions) {
    super();
    const { timer } = options;
    this.#cancelLimit = timer.callAt(timer.nowMs() + OPEN_TIMEOUT_MS, () => {
      if (this.state === 'opening') this.close(`the host was not reached within ${OPEN_TIMEOUT_MS / 1000} s`);
    });
    this.carrier = new Carrier(
      { ...options, create: null },
      {
        onEntered: () => this.#dial(),
        onLink: (peer, state) => this.#linkChanged(peer, state),
        onBytes: (peer, bytes) => {
          if (peer === ROOM_HOST) this.received(bytes);
        },
        onPeerGone: (peer) => {
          if (peer === ROOM_HOST && this.carrier.driver.linkOf(peer) !== 'direct') this.close('the host has left');
        },
        onLost: (reason) => {
          // A direct link does not need the rendezvous.
          if (this.carrier.driver.linkOf(ROOM_HOST) !== 'direct') this.close(reason);
        },
      },
    );
  }

  get bufferedBytes(): number {
    return this.carrier.driver.dialler.bufferedBytes(ROOM_HOST);
  }

  #dial(): void {
    if (this.carrier.rendezvous.peers.has(ROOM_HOST)) this.carrier.connect(ROOM_HOST);
    else this.close('the host of this room has left');
  }

  #linkChanged(peer: PeerId, state: LinkState): void {
    if (peer !== ROOM_HOST) return;
    if (state !== 'down') this.opened();
    else if (this.state === 'open') this.close('the host closed the link');
    else this.close('the host could not be reached');
  }

  protected transmit(bytes: Uint8Array): void {
    if (!this.carrier.send(ROOM_HOST, bytes)) this.stats.droppedMessages += 1;
  }

  protected release(): void {
    this.#cancelLimit();
    this.carrier.close();
  }
}

export type { PeerEnd };

/** Joins the match of a host in a tab. Returns at once, in state `opening`. */
export function openPeerEnd(options: PeerEndOptions): PeerEnd {
  return new PeerEnd(options);
}
