/** The contract's worlds on virtual time: the same links' model for all, no loss, 40 ms of round trip. */
import { DEFAULT_MATCH, type MatchConfig } from '../../game/arena.ts';
import { NO_INPUT } from '../../game/input.ts';
import { coinsError } from '../../game/world.ts';
import { DEFAULT_AUTHORITY } from '../../netcode/authority-session.ts';
import { customProfile } from '../../netcode/link/profiles.ts';
import { lockstepSettings } from '../../netcode/lockstep/settings.ts';
import { meshSettings } from '../../netcode/mesh/settings.ts';
import type { PlayingPeer } from '../../netcode/playing-peer.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import { topologyOf } from '../../netcode/topologies/index.ts';
import type { View } from '../../netcode/view.ts';
import { SimulatedLockstep } from '../../simulator/lockstep.ts';
import { SimulatedMatch } from '../../simulator/match.ts';
import { SimulatedMesh } from '../../simulator/mesh.ts';
import type { PeerMatch } from '../../simulator/peer-match.ts';
import type { PeerNode } from '../../simulator/peer-node.ts';
import type { PlayerNode } from '../../simulator/player-node.ts';
import type { VirtualMatch } from '../../simulator/virtual-match.ts';
import type { ContractMatch, ContractOptions, ContractPlayer, ContractWorld, Way } from './contract-world.ts';
import { LOCKSTEP_FACTS, MESH_FACTS, type PeerFacts } from './peer-facts.ts';
import { ContractPeers, type EnteredRaw } from './peer-match.ts';
import type { RawPeer } from './raw-peer.ts';
import { ClientPlayer, PeerPlayer } from './session-players.ts';

const PROFILE = customProfile({ baseRttMs: 40, jitterScaleMs: 2 });
const SEED = 1;
const INPUT_RATE_HZ = 20;
/** Longest that any condition is waited for, in ticks; reached only when a test fails. */
const PATIENCE_TICKS = 60 * 20;

const configOf = ({ players = 8, scenario = DEFAULT_MATCH.scenario }: ContractOptions): MatchConfig => ({
  ...DEFAULT_MATCH,
  players,
  scenario,
});

/** Asks after each tick. */
async function until<T>(match: VirtualMatch, what: string, holds: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (let tick = 0; tick < PATIENCE_TICKS; tick++) {
    const held = await holds();
    if (held) return held;
    match.run({ ticks: 1 });
  }
  throw new Error(`waited ${match.clock.nowMs / 1000} s of match time in vain until ${what}`);
}

export function simulatedAuthority(topology: string): ContractWorld {
  return {
    id: `'${topology}', simulated`,
    start: async (options) => new AuthorityMatch(topology, options),
  };
}

class AuthorityMatch implements ContractMatch {
  readonly #match: SimulatedMatch;
  readonly ways: readonly Way[];

  constructor(topology: string, options: ContractOptions) {
    this.#match = new SimulatedMatch({
      topology: topologyOf(topology),
      authority: {
        ...DEFAULT_AUTHORITY,
        config: configOf(options),
        ...(options.impatient ? { silenceMs: 1000, seatHoldMs: 200 } : {}),
      },
      seed: SEED,
      profile: PROFILE,
      inputRateHz: INPUT_RATE_HZ,
      players: [],
      dedicated: true,
    });
    const { authority } = this.#match;
    this.ways = [
      {
        name: "the authority's link",
        open: async () => this.#match.stranger(),
        malformed: async () => authority.counters.malformed,
      },
    ];
  }

  enter(name: string, token?: Uint8Array): ContractPlayer {
    const player = { name, full: true, decide: (view: View) => contract.decide(view) };
    const node = this.#match.add(player);
    const contract = new AuthorityPlayer(node, this.#match);
    if (token) node.session.resumeToken = token;
    node.join();
    return contract;
  }

  until<T>(what: string, holds: () => T | Promise<T>): Promise<NonNullable<T>> {
    return until(this.#match, what, holds);
  }

  async seated(): Promise<number> {
    return this.#match.authority.playerCount;
  }

  async present(): Promise<number> {
    return this.#match.links;
  }

  async coinsError(): Promise<number> {
    return coinsError(this.#match.authority.world);
  }

  async stop(): Promise<void> {}
}

class AuthorityPlayer extends ClientPlayer implements ContractPlayer {
  readonly #node: PlayerNode;
  readonly #match: SimulatedMatch;

  constructor(node: PlayerNode, match: SimulatedMatch) {
    super();
    this.#node = node;
    this.#match = match;
    node.keepEvents = true;
  }

  get session() {
    return this.#node.session;
  }

  get events() {
    return this.#node.events;
  }

  async names(): Promise<string[]> {
    this.session.requestRoster(0, 100, this.#match.clock.nowMs);
    const roster = () => this.events.find((event) => event.type === 'roster');
    const { entries } = await until(this.#match, 'a scoreboard came', roster);
    return entries.map(({ name }) => name);
  }

  cut(): void {
    this.#node.disconnect();
  }

  comeBack(): void {
    this.#node.reconnect();
  }

  freeze(): void {
    this.#node.crash();
  }
}

/** The room and the rendezvous of peers for what the contract asks for. */
const roomOf = (options: ContractOptions) => ({
  seed: SEED,
  profile: PROFILE,
  inputRateHz: INPUT_RATE_HZ,
  peers: [],
  rendezvous: options.impatient ? { seatHoldMs: 200 } : {},
});

export const simulatedLockstep: ContractWorld = {
  id: "'lockstep', simulated",
  async start(options) {
    const settings = lockstepSettings(configOf(options), options.impatient ? { holdTicks: 4 } : {});
    return new SimulatedPeers(
      (onEvent) => new SimulatedLockstep({ ...roomOf(options), settings, onEvent }),
      LOCKSTEP_FACTS,
    );
  },
};

export const simulatedMesh: ContractWorld = {
  id: "'mesh', simulated",
  async start(options) {
    // Links go to neighbours: everybody is one.
    const settings = meshSettings(configOf({ ...options, scenario: 'everyone' }));
    return new SimulatedPeers((onEvent) => new SimulatedMesh({ ...roomOf(options), settings, onEvent }), MESH_FACTS);
  },
};

type OnEvent<S extends PlayingPeer> = (node: PeerNode<S>, event: SessionEvent) => void;

class SimulatedPeers<S extends PlayingPeer> extends ContractPeers<S> implements ContractMatch {
  readonly ways: readonly Way[];
  readonly #match: PeerMatch<S>;
  readonly #facts: PeerFacts<S>;
  readonly #events = new Map<PeerNode<S>, SessionEvent[]>();

  constructor(start: (onEvent: OnEvent<S>) => PeerMatch<S>, facts: PeerFacts<S>) {
    super(facts);
    this.#facts = facts;
    const match = start((node, event) => this.#events.get(node)?.push(event));
    this.#match = match;
    this.ways = [
      {
        name: "the rendezvous' link",
        open: async () => match.stranger(),
        malformed: async () => match.rendezvous.counters.malformed,
      },
      this.peerWay,
    ];
  }

  protected get running() {
    return this.#match.nodes.filter(({ isUp }) => isUp).map(({ session }) => session);
  }

  protected enterRaw({ wrap }: RawPeer<S>): EnteredRaw<S> {
    const node = this.#match.add({ name: 'raw', decide: () => NO_INPUT, wrapSession: wrap });
    node.join();
    return { session: node.session, close: () => node.crash() };
  }

  enter(name: string, token?: Uint8Array): ContractPlayer {
    const resume = token ? { resumeToken: token } : {};
    const node = this.#match.add({ name, decide: (view) => contract.decide(view), ...resume });
    const events: SessionEvent[] = [];
    this.#events.set(node, events);
    const contract = new SimulatedPeerPlayer(node, events, this.#facts);
    node.join();
    return contract;
  }

  until<T>(what: string, holds: () => T | Promise<T>): Promise<NonNullable<T>> {
    return until(this.#match, what, holds);
  }

  async stop(): Promise<void> {}
}

class SimulatedPeerPlayer<S extends PlayingPeer> extends PeerPlayer<S> implements ContractPlayer {
  readonly events: readonly SessionEvent[];
  protected readonly facts: PeerFacts<S>;
  readonly #node: PeerNode<S>;

  constructor(node: PeerNode<S>, events: readonly SessionEvent[], facts: PeerFacts<S>) {
    super();
    this.#node = node;
    this.events = events;
    this.facts = facts;
  }

  get session() {
    return this.#node.session;
  }

  cut(): void {
    this.#node.disconnect();
  }

  comeBack(): void {
    this.#node.reconnect();
  }

  freeze(): void {
    this.#node.crash();
  }

  leave(): void {
    this.#node.leave();
  }
}
