/** The contract's worlds over real sockets: a process that decides, or one where peers meet, and players in this one. */
import { randomFillSync } from 'node:crypto';
import { expect } from 'vitest';
import { DEFAULT_MATCH } from '../../game/arena.ts';
import type { ClientEnd } from '../../links/client-end.ts';
import { openNodeDataChannelEnd } from '../../links/data-channel-node.ts';
import { createNodePeerConnection } from '../../links/peer-connection-node.ts';
import { PeerDriver } from '../../links/peer-driver.ts';
import { monotonicMs, systemTimer } from '../../links/timer.ts';
import type { ClientSession } from '../../netcode/client-session.ts';
import { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import { encodeSettings, lockstepSettings } from '../../netcode/lockstep/settings.ts';
import { MeshSession } from '../../netcode/mesh/mesh-session.ts';
import { encodeMeshSettings, meshSettings } from '../../netcode/mesh/settings.ts';
import type { PeerOptions, PlayingPeer } from '../../netcode/playing-peer.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import { LiveMatch, type LiveTopology, type TestPlayer, until } from '../live/harness.ts';
import { LiveRendezvous } from '../live/peer-harness.ts';
import type { ContractMatch, ContractOptions, ContractPlayer, ContractWorld, Stranger, Way } from './contract-world.ts';
import { LOCKSTEP_FACTS, MESH_FACTS, type PeerFacts } from './peer-facts.ts';
import { ContractPeers, type EnteredRaw } from './peer-match.ts';
import type { RawPeer } from './raw-peer.ts';
import { ClientPlayer, PeerPlayer } from './session-players.ts';

const INPUT_RATE_HZ = 20;
const PUMP_EVERY_MS = 5;
/** Peers in a room besides those who have a seat: who is refused must get in first. */
const ROOM_FOR = 16;

/** Somebody at a real link who follows no protocol. */
class RawEnd implements Stranger {
  readonly heard: Uint8Array[] = [];
  readonly #end: ClientEnd;
  #why = '';

  constructor(end: ClientEnd) {
    this.#end = end;
    end.onMessage = (bytes) => this.heard.push(new Uint8Array(bytes));
    end.onClose = (reason) => {
      this.#why = reason;
    };
  }

  /** Rejects with the reason why it closed instead. */
  async opened(): Promise<this> {
    await until(
      () => `a stranger's link opens (${this.#why})`,
      () => this.isOpen,
    );
    return this;
  }

  get isOpen(): boolean {
    return this.#end.state === 'open';
  }

  send(bytes: Uint8Array): void {
    this.#end.send('unreliable', bytes);
  }

  close(): void {
    this.#end.close();
  }
}

export function liveAuthority(topology: LiveTopology): ContractWorld {
  return {
    id: `'${topology.id}', live`,
    async start({ players = 8, scenario = DEFAULT_MATCH.scenario, impatient = false }) {
      const authority = impatient ? { silenceMs: 1000, seatHoldMs: 200 } : {};
      return new AuthorityMatch(await LiveMatch.start(topology, { config: { players, scenario }, authority }));
    },
  };
}

class AuthorityMatch implements ContractMatch {
  readonly #live: LiveMatch;
  readonly ways: readonly Way[];
  readonly until = until;

  constructor(live: LiveMatch) {
    this.#live = live;
    this.ways = [
      {
        name: "the authority's link",
        open: () => new RawEnd(live.topology.openEnd(live.url)).opened(),
        malformed: async () => (await live.status()).session['malformed']!,
      },
    ];
  }

  enter(name: string, token?: Uint8Array): ContractPlayer {
    const player = this.#live.enter(name);
    if (token) player.session.resumeToken = token;
    return new AuthorityPlayer(player, this.#live);
  }

  async seated(): Promise<number> {
    return (await this.#live.status()).players;
  }

  async present(): Promise<number> {
    return (await this.#live.status()).peers;
  }

  async coinsError(): Promise<number> {
    return (await this.#live.status()).coinsError;
  }

  async stop(): Promise<void> {
    expect(await this.#live.stop(), this.#live.complaints).toBe(0);
  }
}

class AuthorityPlayer extends ClientPlayer implements ContractPlayer {
  readonly session: ClientSession;
  readonly events: readonly SessionEvent[];
  readonly #player: TestPlayer;
  readonly #live: LiveMatch;

  constructor(player: TestPlayer, live: LiveMatch) {
    super();
    this.session = player.session;
    this.events = player.events;
    this.#player = player;
    this.#live = live;
    player.decide = (view) => this.decide(view);
  }

  async names(): Promise<string[]> {
    this.session.requestRoster(0, 100, monotonicMs());
    const { entries } = await this.#player.event('roster');
    return entries.map(({ name }) => name);
  }

  cut(): void {
    this.#player.cut();
  }

  comeBack(): void {
    this.#player.comeBack(this.#live.topology.openEnd(this.#live.url));
  }

  freeze(): void {
    this.#player.freeze();
  }
}

/** Makes the session of a peer in the room MAIN. */
type MakeSession<S extends PlayingPeer> = (birth: PeerOptions) => S;

const makeLockstep: MakeSession<LockstepSession> = (birth) => new LockstepSession(birth, monotonicMs());
const makeMesh: MakeSession<MeshSession> = (birth) => new MeshSession(birth, monotonicMs());

export const liveLockstep: ContractWorld = {
  id: "'lockstep', live",
  async start({ players = 8, scenario = DEFAULT_MATCH.scenario, impatient = false }: ContractOptions) {
    const config = { ...DEFAULT_MATCH, players, scenario };
    const settings = encodeSettings(lockstepSettings(config, impatient ? { holdTicks: 4 } : {}));
    const rendezvous = await LiveRendezvous.start({ room: { settings: [...settings], maxPeers: ROOM_FOR } });
    return new LivePeers(rendezvous, makeLockstep, LOCKSTEP_FACTS);
  },
};

export const liveMesh: ContractWorld = {
  id: "'mesh', live",
  async start({ players = 8, impatient = false }: ContractOptions) {
    // Links go to neighbours: everybody is one.
    const settings = encodeMeshSettings(meshSettings({ ...DEFAULT_MATCH, players, scenario: 'everyone' }));
    const rendezvous = await LiveRendezvous.start({
      room: { settings: [...settings], maxPeers: ROOM_FOR, seats: players },
      rendezvous: { recoverMs: 0, ...(impatient ? { seatHoldMs: 200 } : {}) },
    });
    return new LivePeers(rendezvous, makeMesh, MESH_FACTS);
  },
};

class LivePeers<S extends PlayingPeer> extends ContractPeers<S> implements ContractMatch {
  readonly #rendezvous: LiveRendezvous;
  readonly #makeSession: MakeSession<S>;
  readonly #facts: PeerFacts<S>;
  readonly #players: LivePeer<S>[] = [];
  readonly ways: readonly Way[];
  readonly until = until;

  constructor(rendezvous: LiveRendezvous, makeSession: MakeSession<S>, facts: PeerFacts<S>) {
    super(facts);
    this.#rendezvous = rendezvous;
    this.#makeSession = makeSession;
    this.#facts = facts;
    this.ways = [
      {
        name: "the rendezvous' link",
        open: () => new RawEnd(openNodeDataChannelEnd({ url: rendezvous.url })).opened(),
        malformed: async () => (await rendezvous.status()).counters.malformed,
      },
      this.peerWay,
    ];
  }

  protected get running() {
    return this.#players.filter(({ isRunning }) => isRunning).map(({ session }) => session);
  }

  #add(name: string, wrap: (session: S) => S, token?: Uint8Array): LivePeer<S> {
    const session = this.#makeSession({
      transport: 'datagram',
      name,
      room: 'MAIN',
      inputRateHz: INPUT_RATE_HZ,
      randomBytes: (into) => void randomFillSync(into),
      ...(token ? { resumeToken: token } : {}),
    });
    const player = new LivePeer(this.#rendezvous.url, wrap(session), this.#facts);
    this.#players.push(player);
    return player;
  }

  protected enterRaw({ wrap }: RawPeer<S>): EnteredRaw<S> {
    const player = this.#add('raw', wrap);
    return { session: player.session, close: () => player.stop() };
  }

  enter(name: string, token?: Uint8Array): ContractPlayer {
    return this.#add(name, (session) => session, token);
  }

  async stop(): Promise<void> {
    for (const player of this.#players) player.stop();
    expect(await this.#rendezvous.stop(), this.#rendezvous.complaints).toBe(0);
  }
}

/** A peer over real sockets, pumped every few milliseconds. */
class LivePeer<S extends PlayingPeer> extends PeerPlayer<S> implements ContractPlayer {
  readonly session: S;
  readonly events: SessionEvent[] = [];
  isRunning = true;
  protected readonly facts: PeerFacts<S>;
  readonly #url: string;
  readonly #pumping: ReturnType<typeof setInterval>;
  #driver: PeerDriver<S>;

  constructor(url: string, session: S, facts: PeerFacts<S>) {
    super();
    this.#url = url;
    this.session = session;
    this.facts = facts;
    this.#driver = this.#makeDriver();
    this.#pumping = setInterval(() => this.#driver.pump(), PUMP_EVERY_MS);
  }

  #makeDriver(): PeerDriver<S> {
    return new PeerDriver({
      session: this.session,
      end: openNodeDataChannelEnd({ url: this.#url }),
      createConnection: createNodePeerConnection,
      timer: systemTimer,
      decide: (view) => this.decide(view),
      onEvent: (event) => this.events.push(event),
    });
  }

  cut(): void {
    this.#driver.close('cut by the test');
    for (const { id, link } of [...this.session.peers.values()]) {
      if (link !== 'down') this.session.linkChanged(id, 'down', monotonicMs());
    }
  }

  comeBack(): void {
    this.#driver = this.#makeDriver();
  }

  freeze(): void {
    clearInterval(this.#pumping);
    this.isRunning = false;
    this.session.receive = () => {};
  }

  leave(): void {
    this.session.leave(monotonicMs());
    this.#driver.pump();
    this.isRunning = false;
    // Its links stay until the end of the test: a goodbye that is on its way must arrive.
    clearInterval(this.#pumping);
  }

  stop(): void {
    clearInterval(this.#pumping);
    this.isRunning = false;
    this.#driver.close();
  }
}
