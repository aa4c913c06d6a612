/** A bot in lockstep: its session simulates the whole match; one of the bots writes down what is true for all. */
import { nodeSigning } from '../../links/signing-node.ts';
import { sampleMember } from '../../metrics/player-notes.ts';
import type { SwarmRecorder } from '../../metrics/swarm-recorder.ts';
import { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import { encodeReplay } from '../../netcode/lockstep/replay-codec.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import { cheatOf } from '../cheats/index.ts';
import type { Replay } from './messages.ts';
import type { PartSurroundings, PeerPart } from './peer-participant.ts';
import { PlantedDesync } from './planted-desync.ts';
import { TruthKeeper } from './truth-keeper.ts';

export class LockstepPart implements PeerPart<LockstepSession> {
  readonly session: LockstepSession;
  replay: Replay | null = null;
  readonly #recorder: SwarmRecorder;
  readonly #truth: TruthKeeper | null;
  readonly #planted: PlantedDesync | null;

  constructor(around: PartSurroundings) {
    const { role, plan, birth, nowMs } = around;
    this.#recorder = around.recorder;
    const signing = plan.defences.signedHeads ? { crypto: nodeSigning() } : {};
    const honest = new LockstepSession({ ...birth, ...signing }, nowMs());
    const { cheat } = role;
    const session = cheat === null ? honest : (cheatOf(cheat).wrapSession?.(honest) ?? honest);
    this.session = session;
    const recorder = around.truthOf(role);
    this.#truth = recorder && new TruthKeeper(recorder, session, nowMs);
    // The last one, because the first may be the one whose world counts as true.
    this.#planted = plan.inject === 'desync' && role.index === plan.players - 1 ? new PlantedDesync() : null;
    honest.onConfirmed = (world, tick, atMs) => {
      around.saw(world, atMs);
      this.#truth?.confirmed(world, tick);
      if (session.counters.desyncs === 0) this.#planted?.confirmed(world, tick, atMs);
    };
  }

  begin(): void {
    this.#truth?.begin();
  }

  end(): void {
    this.#truth?.end();
  }

  heard(event: SessionEvent): void {
    if (event.type === 'input') this.#truth?.inputTaken(event.dueMs);
    const { tape, self } = this.session;
    if (event.type === 'desync' && tape) this.replay ??= { peer: self, bytes: encodeReplay(tape.replay) };
  }

  sample(nowMs: number): void {
    sampleMember(this.#recorder, this.session, nowMs);
  }

  measure(fromMs: number, untilMs: number): void {
    this.#planted?.plantAt((fromMs + untilMs) / 2);
  }
}
