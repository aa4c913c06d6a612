/** How this page takes part in a match of each topology, and in which rooms. A further topology is a further entry. */
import { DEFAULT_MATCH, type MatchConfig } from '../../game/arena.ts';
import { AuthorityDriver } from '../../links/authority-driver.ts';
import type { ClientEnd } from '../../links/client-end.ts';
import { openColyseusEnd } from '../../links/colyseus.ts';
import { openDataChannelEnd } from '../../links/data-channel.ts';
import { openLoopbackEnd } from '../../links/loopback.ts';
import { createBrowserPeerConnection } from '../../links/peer-connection-browser.ts';
import { hostInTab, openPeerEnd } from '../../links/tab-host.ts';
import { AuthoritySession, DEFAULT_AUTHORITY } from '../../netcode/authority-session.ts';
import { lockstepSettings } from '../../netcode/lockstep/settings.ts';
import { allDefences, meshSettings } from '../../netcode/mesh/settings.ts';
import { ClientParticipant } from './client-participant.ts';
import { LockstepParticipant } from './lockstep-participant.ts';
import { MeshParticipant } from './mesh-participant.ts';
import { ownAccess, type ParticipantOptions, randomBytes, randomSeed } from './participant.ts';

/** Which match of a topology: the one that runs for the page, that of a room, or one in a room that is made for it. */
export type Place = { type: 'running' } | { type: 'room'; code: string } | NewRoom;

export interface NewRoom {
  type: 'new';
  /** Of lockstep: step ahead on predicted inputs. */
  rollback: boolean;
  /** Peers sign what they tell, and check each other. */
  defended: boolean;
}

export interface WayOptions extends ParticipantOptions {
  place: Place;
  /** Address of the running match; empty when none runs. */
  url: string;
  /** Address of the rendezvous, which rooms need; empty when there is none. */
  rendezvousUrl: string;
}

/** Who takes part: told apart by `kind` where a panel shows what only one of them has. */
export type AnyParticipant = ClientParticipant | LockstepParticipant | MeshParticipant;

interface Way {
  /** What a new room is, for the button that makes it; null where there are no rooms. */
  newRoom: string | null;
  takePart: (options: WayOptions) => AnyParticipant;
}

/** The room of the match that runs with its bots. */
const MAIN_ROOM = 'MAIN';
/** Players of a room that a page makes. */
const ROOM_PLAYERS = 8;

const WAYS: Readonly<Record<string, Way>> = {
  server: {
    newRoom: null,
    takePart: (options) => new ClientParticipant({ ...options, open: () => openColyseusEnd({ url: options.url }) }),
  },
  host: { newRoom: 'Host in this tab', takePart: takePartUnderHost },
  lockstep: { newRoom: 'Make a room', takePart: takePartInLockstep },
  mesh: { newRoom: 'Make a room', takePart: takePartInMesh },
};

/** The way into a topology; undefined when this page has none. */
export function wayInto(topologyId: string): Way | undefined {
  return WAYS[topologyId];
}

/** How a host in a tab and its guests meet, and how they are linked. */
function meeting({ name, rendezvousUrl, timer }: WayOptions) {
  const openRendezvous = () => openDataChannelEnd({ url: rendezvousUrl });
  return { name, timer, openRendezvous, createConnection: createBrowserPeerConnection };
}

function takePartUnderHost(options: WayOptions): ClientParticipant {
  const { place, url, hooks } = options;
  switch (place.type) {
    case 'running':
      return new ClientParticipant({ ...options, open: () => openDataChannelEnd({ url }) });
    case 'room': {
      const room = place.code;
      hooks.onRoom(room);
      return new ClientParticipant({ ...options, open: () => openPeerEnd({ ...meeting(options), room }) });
    }
    case 'new':
      return hostHere(options);
  }
}

/** This page is the authority, and its player plays without a network. */
function hostHere(options: WayOptions): ClientParticipant {
  const { timer, hooks } = options;
  const session = new AuthoritySession(
    { ...DEFAULT_AUTHORITY, config: newMatch(), transport: 'datagram', randomBytes },
    timer.nowMs(),
  );
  const authority = new AuthorityDriver({ session, timer });
  authority.start();
  let hasRoom = false;
  const host = hostInTab({
    ...meeting(options),
    authority,
    maxGuests: ROOM_PLAYERS - 1,
    // The host's own player needs no network; what is made worse is the network of those who need it.
    access: ownAccess(),
    onRoom: (code) => {
      hasRoom = true;
      hooks.onRoom(code);
    },
    onLost: (reason) => {
      if (hasRoom) return;
      own.leave();
      hooks.onEnd(reason);
    },
  });
  const own: ClientParticipant = new ClientParticipant({
    ...options,
    open: () => openLoopbackEnd(authority, 'datagram'),
    access: host.carrier.driver.access!,
    onClosed: () => {
      host.stop('the host has left');
      authority.stop('the host has left');
    },
  });
  return own;
}

function takePartInLockstep(options: WayOptions): LockstepParticipant {
  const { place } = options;
  const config = newMatch();
  return new LockstepParticipant({
    ...options,
    openRendezvous: rendezvousOf(options),
    room:
      place.type === 'new'
        ? { settings: lockstepSettings(config, lockstepOf(place)), maxPeers: config.players }
        : codeOf(place),
  });
}

function lockstepOf({ rollback, defended }: NewRoom) {
  return { rollback, defences: { signedHeads: defended } };
}

function takePartInMesh(options: WayOptions): MeshParticipant {
  const { place } = options;
  return new MeshParticipant({
    ...options,
    openRendezvous: rendezvousOf(options),
    room:
      place.type === 'new'
        ? meshSettings(newMatch(), place.defended ? { defences: allDefences() } : {})
        : codeOf(place),
  });
}

/** A match that runs has its own; rooms are found at the one that all share. */
function rendezvousOf({ place, url, rendezvousUrl }: WayOptions): () => ClientEnd {
  return () => openDataChannelEnd({ url: place.type === 'running' ? url : rendezvousUrl });
}

function codeOf(place: Exclude<Place, NewRoom>): string {
  return place.type === 'room' ? place.code : MAIN_ROOM;
}

/** Made for few, so small that they meet. */
function newMatch(): MatchConfig {
  return { ...DEFAULT_MATCH, seed: randomSeed(), players: ROOM_PLAYERS };
}
