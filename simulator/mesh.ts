/** A mesh on virtual time: everybody owns its avatar, and writes down for itself what was true of it. */
import { checksum } from '../game/checksum.ts';
import { MeshNotebook } from '../metrics/mesh/mesh-notebook.ts';
import type { SwarmRecorder } from '../metrics/swarm-recorder.ts';
import { auditLedger, type LedgerAudit, statementOf } from '../netcode/mesh/ledger/audit.ts';
import { MeshSession } from '../netcode/mesh/mesh-session.ts';
import { encodeMeshSettings, type MeshSettings } from '../netcode/mesh/settings.ts';
import { needsKeys } from '../netcode/mesh/trust/trust.ts';
import type { Birth } from '../netcode/playing-peer.ts';
import type { SessionEvent } from '../netcode/session.ts';
import type { PeerKind } from './peer-kind.ts';
import { PeerMatch, type PeerMatchOptions } from './peer-match.ts';
import type { PeerNode, SimulatedPeer } from './peer-node.ts';
import { SimulatedKeys } from './signing.ts';
import { TICK_COSTS, tickDurationMs } from './tick-cost.ts';

export type MeshNode = PeerNode<MeshSession>;
export type MeshPeer = SimulatedPeer<MeshSession>;

export interface MeshMatchOptions extends PeerMatchOptions<MeshSession> {
  settings: MeshSettings;
}

/** Those in a room besides those who have a seat: who is refused must get in first. */
const ROOM_TO_ASK = 16;

class MeshKind implements PeerKind<MeshSession> {
  readonly room: PeerKind<MeshSession>['room'];
  readonly tickRateHz: number;
  /** The match begins with its rendezvous: there is nothing that others could remember. */
  readonly rendezvous = { recoverMs: 0 };
  readonly #recorder: SwarmRecorder | null;
  /** Null where nobody needs any. */
  readonly #keys: SimulatedKeys | null;
  readonly #notebooks = new WeakMap<MeshNode, MeshNotebook>();

  constructor({ settings, seed, peersRecorder }: MeshMatchOptions) {
    const { players, tickRateHz } = settings.config;
    this.room = { settings: encodeMeshSettings(settings), maxPeers: players + ROOM_TO_ASK, seats: players };
    this.tickRateHz = tickRateHz;
    this.#recorder = peersRecorder ?? null;
    this.#keys = needsKeys(settings.defences) ? new SimulatedKeys(seed) : null;
  }

  makeSession(node: MeshNode, birth: Birth, startMs: number): MeshSession {
    const keys = this.#keys ? { crypto: this.#keys.forMesh(node.number) } : {};
    const session = new MeshSession({ ...birth, ...keys }, startMs);
    if (!this.#recorder) return session;
    const notebook = new MeshNotebook(session, this.#recorder);
    this.#notebooks.set(node, notebook);
    const { counters } = session;
    let messages = 0;
    session.onTick = (tick, dueMs, nowMs) => {
      const all = counters.sentMessages + counters.receivedMessages;
      notebook.ticked(tick, dueMs, nowMs);
      notebook.ended(nowMs + tickDurationMs(TICK_COSTS.datagram, 1, 0, all - messages));
      messages = all;
      node.saw(session.world!);
    };
    return session;
  }

  told(node: MeshNode, events: readonly SessionEvent[], nowMs: number): void {
    const notebook = this.#notebooks.get(node);
    for (const event of events) {
      if (event.type === 'accused' || event.type === 'equivocation') notebook?.accused(event, nowMs);
    }
  }

  sample(node: MeshNode, _recorder: SwarmRecorder, nowMs: number): void {
    this.#notebooks.get(node)?.sample(nowMs);
  }
}

export class SimulatedMesh extends PeerMatch<MeshSession> {
  constructor(options: MeshMatchOptions) {
    super(options, new MeshKind(options));
  }

  /** The nodes that have a player. */
  get members(): MeshNode[] {
    return this.nodes.filter(({ isUp, session }) => isUp && session.player >= 0);
  }

  /** The own avatar of each peer exactly, and what it believes of the others. */
  checksums(): number[] {
    return this.members.map(({ session }) => checksum(session.world!));
  }

  /** Counts the coins; exact once nobody claims any more. Null while nobody plays. */
  auditCoins(): LedgerAudit | null {
    const statements = this.members.map(({ session: { self, epoch, ledger, settings } }) =>
      statementOf(self, { epoch, ledger, spots: settings!.config.players }),
    );
    return auditLedger(statements.filter((statement) => statement !== null));
  }
}
