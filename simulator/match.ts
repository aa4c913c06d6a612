/**
 * A whole match on virtual time: the sessions that run behind real sockets, and between them the one link model. Players
 * are numbered as given; under a topology whose authority plays, player 0 sits in the authority's own process. The same
 * options give the same bytes in the same order, whatever the machine.
 */
import { checksum } from '../game/checksum.ts';
import { Random } from '../game/random.ts';
import type { AuthorityRecorder } from '../metrics/authority-recorder.ts';
import type { SwarmRecorder } from '../metrics/swarm-recorder.ts';
import { type AuthorityOptions, AuthoritySession } from '../netcode/authority-session.ts';
import { createLine, type Line, linkRandom, setLineProfile } from '../netcode/link/line.ts';
import { LinkModel } from '../netcode/link/link-model.ts';
import { customProfile, type LinkProfile } from '../netcode/link/profiles.ts';
import type { Topology } from '../netcode/topologies/topology.ts';
import { AuthorityNode } from './authority-node.ts';
import { Connection } from './connection.ts';
import { PlayerNode, type SimulatedPlayer } from './player-node.ts';
import { SimulatedStranger } from './stranger.ts';
import { VirtualMatch } from './virtual-match.ts';

/** Rate of the authority's line each way: a server's port, and a home line that hosts (an assumption). */
export const AUTHORITY_KBPS = { server: 1_000_000, player: 20_000 } as const;
/** Round trips until a connection is open: transport, encryption, handshake. An assumption for both transports. */
const SETUP_RTTS = 5;
/** Players ask to join this far apart: 500 a second. */
const JOIN_SPACING_MS = 2;
/** Streams of a match's seed besides the links' own. */
const TOKEN_STREAM = 400;
/** Number of the authority's line among the participants. */
const AUTHORITY_LINE = 0xffff;

export interface MatchOptions {
  topology: Topology;
  authority: Omit<AuthorityOptions, 'transport' | 'randomBytes'>;
  seed: number;
  /** Of every player's line; the authority's own is lossless. */
  profile: LinkProfile;
  inputRateHz: number;
  players: readonly SimulatedPlayer[];
  /** The authority's machine only hosts, where the topology would let it play. */
  dedicated?: boolean;
  /** Upload and download of the authority's line in kbit/s. */
  authorityKbps?: number;
  authorityRecorder?: AuthorityRecorder | null;
  playersRecorder?: SwarmRecorder | null;
}

export class SimulatedMatch extends VirtualMatch {
  readonly authority: AuthoritySession;
  readonly players: PlayerNode[] = [];
  readonly #options: MatchOptions;
  readonly #node: AuthorityNode;
  readonly #authorityLine: Line;
  readonly #lines: Line[] = [];
  readonly #connections: (Connection | null)[] = [];
  #profile: LinkProfile;

  constructor(options: MatchOptions) {
    super();
    this.#options = options;
    this.#profile = options.profile;
    const { seed, topology } = options;
    const { transport } = topology;
    const tokens = new Random(seed, TOKEN_STREAM);
    const randomBytes = (into: Uint8Array) => {
      for (let i = 0; i < into.length; i++) into[i] = tokens.below(256);
    };
    this.authority = new AuthoritySession({ ...options.authority, transport, randomBytes }, 0);
    this.#node = new AuthorityNode(this.clock, this.authority, options.authorityRecorder ?? null);
    const kbps = options.authorityKbps ?? (topology.authorityIsPlayer ? AUTHORITY_KBPS.player : AUTHORITY_KBPS.server);
    const authorityLine = {
      profile: customProfile({}),
      seed,
      participant: AUTHORITY_LINE,
      upKbps: kbps,
      downKbps: kbps,
    };
    this.#authorityLine = createLine(authorityLine);
    for (const player of options.players) {
      const node = this.add(player);
      this.clock.at(node.index * JOIN_SPACING_MS, () => node.join());
    }
  }

  /** One more player; it is yet to join. */
  add(player: SimulatedPlayer): PlayerNode {
    const { seed, topology, inputRateHz, playersRecorder } = this.#options;
    const index = this.players.length;
    const node = new PlayerNode(index, player, {
      clock: this.clock,
      recorder: playersRecorder ?? null,
      inputRateHz,
      transport: topology.transport,
      connect: (connecting) => this.#connect(connecting),
    });
    this.#lines.push(createLine({ profile: this.#profile, seed, participant: index }));
    this.#connections.push(null);
    this.players.push(node);
    return node;
  }

  /** Links that the authority has. */
  get links(): number {
    return this.#node.links;
  }

  /** Opens a link to the authority for somebody who is no player. */
  stranger(): SimulatedStranger {
    const peer = this.#node.nextPeer();
    const stranger = new SimulatedStranger({
      send: (bytes) => connection.sendUp(bytes),
      close: () => connection.close('closed by the stranger'),
    });
    const connection: Connection = new Connection(this.clock, null, null, {
      authorityReceives: (bytes) => this.#node.receive(peer, bytes),
      playerReceives: (bytes) => stranger.heard.push(bytes),
      authorityEnded: () => this.#node.linkDown(peer),
      playerEnded: () => stranger.ended(),
    });
    this.#node.linkUp(peer, connection);
    return stranger;
  }

  /** What the players' sessions believe, in their order. */
  get clients(): PlayerNode['session'][] {
    return this.players.map((node) => node.session);
  }

  get tickMs(): number {
    return 1000 / this.authority.options.config.tickRateHz;
  }

  get isSettled(): boolean {
    return this.players.every(({ state }) => state === 'playing' || state === 'failed');
  }

  get slots(): number[] {
    return this.clients.map(({ player }) => player);
  }

  /** Under an authority there is one world. */
  checksums(): number[] {
    return [checksum(this.authority.world)];
  }

  /** Gives every player's line another profile, from now on. */
  setProfile(profile: LinkProfile): void {
    this.#profile = profile;
    for (const line of this.#lines) setLineProfile(line, profile);
    for (const connection of this.#connections) {
      if (connection?.up) connection.up.profile = profile;
      if (connection?.down) connection.down.profile = profile;
    }
  }

  /** From now on nothing is lost, doubled, reordered or varied; the base delay stays. */
  heal(): void {
    this.setProfile(customProfile({ id: 'healed', baseRttMs: this.#profile.baseRttMs }));
  }

  /** Of its present link. */
  delayLink(index: number, eachWayMs: number): void {
    const connection = this.#connections[index];
    if (connection?.up) connection.up.extraDelayMs = eachWayMs;
    if (connection?.down) connection.down.extraDelayMs = eachWayMs;
  }

  #sharesProcess(index: number): boolean {
    return index === 0 && this.#options.topology.authorityIsPlayer && !this.#options.dedicated;
  }

  #connect(node: PlayerNode): void {
    const setupMs = this.#sharesProcess(node.index) ? 0 : SETUP_RTTS * this.#profile.baseRttMs;
    this.clock.at(this.clock.nowMs + setupMs, () => this.#open(node));
  }

  #open(node: PlayerNode): void {
    const peer = this.#node.nextPeer();
    const [up, down] = this.#sharesProcess(node.index) ? [null, null] : this.#models(node.index, peer);
    const connection: Connection = new Connection(this.clock, up, down, {
      authorityReceives: (bytes) => this.#node.receive(peer, bytes),
      playerReceives: (bytes) => node.receive(bytes),
      authorityEnded: () => this.#node.linkDown(peer),
      playerEnded: (reason) => node.linkDown(connection, reason),
    });
    this.#connections[node.index] = connection;
    this.#node.linkUp(peer, connection);
    node.linkUp(connection);
  }

  /** Both directions between a player and the authority; every connection has random streams of its own. */
  #models(index: number, peer: number): [LinkModel, LinkModel] {
    const { seed, topology } = this.#options;
    const { transport } = topology;
    const line = this.#lines[index]!;
    const profile = this.#profile;
    const from = { up: line.up, down: this.#authorityLine.up };
    const to = { up: this.#authorityLine.down, down: line.down };
    const model = (way: 'up' | 'down') =>
      new LinkModel({ profile, transport, random: linkRandom(seed, peer, way), from: from[way], to: to[way] });
    return [model('up'), model('down')];
  }
}
