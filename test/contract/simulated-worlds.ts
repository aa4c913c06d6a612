/** The contract's worlds on virtual time: the same links' model for all, no loss, 40 ms of round trip. */
import { DEFAULT_MATCH, type MatchConfig } from '../../game/arena.ts';
import { NO_INPUT } from '../../game/input.ts';
import { coinsError } from '../../game/world.ts';
import { DEFAULT_AUTHORITY } from '../../netcode/authority-session.ts';
import { customProfile } from '../../netcode/link/profiles.ts';
import { lockstepSettings } from '../../netcode/lockstep/settings.ts';
import { topologyOf } from '../../netcode/topologies/index.ts';
import type { View } from '../../netcode/view.ts';
import { SimulatedMatch } from '../../simulator/match.ts';
import { SimulatedPeerMatch } from '../../simulator/peer-match.ts';
import type { PeerNode } from '../../simulator/peer-node.ts';
import type { PlayerNode } from '../../simulator/player-node.ts';
import type { VirtualMatch } from '../../simulator/virtual-match.ts';
import type { ContractMatch, ContractOptions, ContractPlayer, ContractWorld, Stranger, Way } from './contract-world.ts';
import { RawPeer } from './raw-peer.ts';

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

class AuthorityPlayer implements ContractPlayer {
  decide: ContractPlayer['decide'] = () => NO_INPUT;
  readonly #node: PlayerNode;
  readonly #match: SimulatedMatch;

  constructor(node: PlayerNode, match: SimulatedMatch) {
    this.#node = node;
    this.#match = match;
    node.keepEvents = true;
  }

  get slot(): number {
    return this.#node.session.player;
  }

  get view(): View | null {
    const { view } = this.#node.session;
    return view && view.tick >= 0 ? view : null;
  }

  get snapshots(): number {
    return this.#node.session.counters.snapshots;
  }

  get refusal(): string {
    return this.#node.session.refusal;
  }

  get token(): Uint8Array {
    return this.#node.session.resumeToken!;
  }

  get resumed(): boolean {
    return this.#node.events.some((event) => event.type === 'joined' && event.resumed);
  }

  async names(): Promise<string[]> {
    this.#node.session.requestRoster(0, 100, this.#match.clock.nowMs);
    const roster = () => this.#node.events.find((event) => event.type === 'roster');
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

  leave(): void {
    this.#node.session.leave();
  }
}

export const simulatedLockstep: ContractWorld = {
  id: "'lockstep', simulated",
  start: async (options) => new LockstepMatch(options),
};

class LockstepMatch implements ContractMatch {
  readonly #match: SimulatedPeerMatch;
  readonly ways: readonly Way[];

  constructor(options: ContractOptions) {
    const config = configOf(options);
    const settings = lockstepSettings(config, options.impatient ? { holdTicks: 4 } : {});
    this.#match = new SimulatedPeerMatch({
      settings,
      seed: SEED,
      profile: PROFILE,
      inputRateHz: INPUT_RATE_HZ,
      peers: [],
    });
    const match = this.#match;
    this.ways = [
      {
        name: "the rendezvous' link",
        open: async () => match.stranger(),
        malformed: async () => match.rendezvous.counters.malformed,
      },
      {
        name: "a peer's link",
        open: () => this.#openPeerLink(),
        malformed: async () => sumOf(match.members, ({ session }) => session.counters.malformed),
      },
    ];
  }

  async #openPeerLink(): Promise<Stranger> {
    const raw = new RawPeer();
    const node = this.#match.add({ name: 'raw', decide: () => NO_INPUT, wrapSession: raw.wrap });
    node.join();
    await this.until('it is linked to everybody', () => {
      const links = [...node.session.peers.values()];
      return links.length === this.#match.members.length && links.every(({ link }) => link === 'up');
    });
    return Object.assign(raw, { close: () => node.crash() });
  }

  enter(name: string, token?: Uint8Array): ContractPlayer {
    const resume = token ? { resumeToken: token } : {};
    const node = this.#match.add({ name, decide: (view) => contract.decide(view), ...resume });
    const contract = new LockstepPlayer(node);
    node.join();
    return contract;
  }

  until<T>(what: string, holds: () => T | Promise<T>): Promise<NonNullable<T>> {
    return until(this.#match, what, holds);
  }

  /** Whose word counts: a member that moves on. */
  get #witness(): PeerNode {
    const { members } = this.#match;
    return members.reduce((best, node) => (node.session.confirmedTick > best.session.confirmedTick ? node : best));
  }

  async seated(): Promise<number> {
    return this.#witness.session.confirmedWorld!.match.players[0]!;
  }

  async present(): Promise<number> {
    return this.#witness.session.roster.members.length;
  }

  async coinsError(): Promise<number> {
    return sumOf(this.#match.members, ({ session }) => Math.abs(coinsError(session.confirmedWorld!)));
  }

  async stop(): Promise<void> {}
}

class LockstepPlayer implements ContractPlayer {
  decide: ContractPlayer['decide'] = () => NO_INPUT;
  readonly #node: PeerNode;

  constructor(node: PeerNode) {
    this.#node = node;
  }

  get slot(): number {
    return this.#node.session.player;
  }

  get view(): View | null {
    return this.#node.session.view;
  }

  get snapshots(): number {
    return this.#node.session.counters.snapshots;
  }

  get refusal(): string {
    return this.#node.session.refusal;
  }

  get token(): Uint8Array {
    return this.#node.session.resumeToken;
  }

  get resumed(): boolean {
    const { roster, self, player } = this.#node.session;
    return player >= 0 && roster.member(self)?.resumes === true;
  }

  async names(): Promise<string[]> {
    return this.#node.session.roster.members.map(({ name }) => name);
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

function sumOf<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((sum, item) => sum + value(item), 0);
}
