/** A bot in a mesh: its session owns its avatar, and it writes down for itself what is true of it. */
import { nodeMeshCrypto } from '../../links/mesh-crypto-node.ts';
import { MeshNotebook } from '../../metrics/mesh/mesh-notebook.ts';
import { type LedgerStatement, statementOf } from '../../netcode/mesh/ledger/audit.ts';
import { MeshSession } from '../../netcode/mesh/mesh-session.ts';
import { needsKeys } from '../../netcode/mesh/trust/trust.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import { cheatOf, noNotes, type Ring } from '../cheats/index.ts';
import type { PartSurroundings, PeerPart } from './peer-participant.ts';

/** Those of this process that cheat together. */
const RING: Ring = [];

export class MeshPart implements PeerPart<MeshSession> {
  readonly session: MeshSession;
  readonly #notebook: MeshNotebook;
  readonly #nowMs: () => number;

  constructor({ role: { cheat }, plan, recorder, birth, saw, nowMs }: PartSurroundings) {
    const keys = needsKeys(plan.defences) ? { crypto: nodeMeshCrypto() } : {};
    const honest = new MeshSession({ ...birth, ...keys }, nowMs());
    this.session = cheat === null ? honest : (cheatOf(cheat).wrapSession?.(honest, noNotes(), RING) ?? honest);
    this.#nowMs = nowMs;
    const notebook = new MeshNotebook(honest, recorder);
    this.#notebook = notebook;
    honest.onTick = (tick, dueMs, atMs) => {
      notebook.ticked(tick, dueMs, atMs);
      saw(honest.world!, atMs);
    };
  }

  end(): void {
    this.#notebook.ended(this.#nowMs());
  }

  heard(event: SessionEvent, nowMs: number): void {
    if (event.type === 'accused' || event.type === 'equivocation') this.#notebook.accused(event, nowMs);
  }

  sample(nowMs: number): void {
    this.#notebook.sample(nowMs);
  }

  get statement(): LedgerStatement | null {
    const { self, epoch, ledger, settings } = this.session;
    return settings && statementOf(self, { epoch, ledger, spots: settings.config.players });
  }
}
