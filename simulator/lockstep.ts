/** A match in lockstep on virtual time: every peer simulates, and one of them writes down for all what was true. */
import { createArena } from '../game/arena.ts';
import type { AuthorityRecorder } from '../metrics/authority-recorder.ts';
import { sampleMember } from '../metrics/player-notes.ts';
import type { SwarmRecorder } from '../metrics/swarm-recorder.ts';
import { Acceptor } from '../netcode/lockstep/ballot.ts';
import { LockstepSession } from '../netcode/lockstep/lockstep-session.ts';
import { encodeSettings, type LockstepSettings } from '../netcode/lockstep/settings.ts';
import type { Birth } from '../netcode/playing-peer.ts';
import type { PeerKind } from './peer-kind.ts';
import { PeerMatch, type PeerMatchOptions } from './peer-match.ts';
import type { PeerNode, SimulatedPeer } from './peer-node.ts';
import { SimulatedKeys } from './signing.ts';
import { TruthKeeper } from './truth-keeper.ts';

export type LockstepNode = PeerNode<LockstepSession>;
export type LockstepPeer = SimulatedPeer<LockstepSession>;

export interface LockstepOptions extends PeerMatchOptions<LockstepSession> {
  settings: LockstepSettings;
  /** What was true, written down by one of the peers for all. */
  truthRecorder?: AuthorityRecorder | null;
}

/** The messages that tell of members have room for so many. */
const MOST_PEERS = 64;

class LockstepKind implements PeerKind<LockstepSession> {
  readonly room: PeerKind<LockstepSession>['room'];
  readonly tickRateHz: number;
  readonly rendezvous = { acceptorOf: () => new Acceptor() };
  readonly #keys: SimulatedKeys;
  readonly #truth: TruthKeeper | null;

  constructor({ settings, seed, truthRecorder }: LockstepOptions) {
    this.room = { settings: encodeSettings(settings), maxPeers: MOST_PEERS };
    this.tickRateHz = settings.config.tickRateHz;
    this.#keys = new SimulatedKeys(seed);
    this.#truth = truthRecorder ? new TruthKeeper(truthRecorder, createArena(settings.config).capacity) : null;
  }

  makeSession(node: LockstepNode, birth: Birth, startMs: number): LockstepSession {
    const session = new LockstepSession({ ...birth, crypto: this.#keys.of(node.number) }, startMs);
    session.onConfirmed = (world, tick, nowMs) => {
      node.saw(world);
      this.#truth?.confirmed(node, world, tick, nowMs);
    };
    return session;
  }

  sample({ session }: LockstepNode, recorder: SwarmRecorder, nowMs: number): void {
    sampleMember(recorder, session, nowMs);
  }

  told(node: LockstepNode, events: Parameters<TruthKeeper['noted']>[1], nowMs: number): void {
    this.#truth?.noted(node, events, nowMs);
  }
}

export class SimulatedLockstep extends PeerMatch<LockstepSession> {
  constructor(options: LockstepOptions) {
    super(options, new LockstepKind(options));
  }

  /** The nodes whose sessions are members now. */
  get members(): LockstepNode[] {
    return this.nodes.filter(({ isUp, session }) => isUp && session.role === 'member');
  }

  /** The checksum of each member's final world, brought to the newest tick that all of them have. */
  checksums(): number[] {
    const { members } = this;
    const tick = Math.min(...members.map(({ session }) => session.confirmedTick));
    return members.map(({ session }) => session.checksumAt(tick) ?? -1);
  }

  /** Whether all members have equal worlds, as far as all of them are. */
  agree(): boolean {
    return new Set(this.checksums()).size === 1;
  }
}
