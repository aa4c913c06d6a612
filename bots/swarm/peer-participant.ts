/**
 * A bot as a peer among peers: a session that simulates the whole match, a link to the rendezvous and one to each other
 * peer. The rendezvous may go and come; the match goes on without it.
 */
import { randomFillSync } from 'node:crypto';
import type { World } from '../../game/world.ts';
import type { ClientEnd } from '../../links/client-end.ts';
import { cleanupDataChannels, openNodeDataChannelEnd } from '../../links/data-channel-node.ts';
import { createNodePeerConnection } from '../../links/peer-connection-node.ts';
import { PeerDriver } from '../../links/peer-driver.ts';
import { nodeSigning } from '../../links/signing-node.ts';
import { livingOthers } from '../../metrics/player-notes.ts';
import { needsConditioning, profileOf } from '../../netcode/link/profiles.ts';
import { LockstepSession } from '../../netcode/lockstep/lockstep-session.ts';
import { encodeReplay } from '../../netcode/lockstep/replay-codec.ts';
import type { SessionEvent } from '../../netcode/session.ts';
import type { View } from '../../netcode/view.ts';
import { cheatOf } from '../cheats/index.ts';
import type { BotRole } from './assign.ts';
import { brainOf } from './brain.ts';
import { HeldTimer } from './held-timer.ts';
import type { Replay } from './messages.ts';
import {
  type Carried,
  type Participant,
  type ParticipantHandlers,
  REOPEN_AFTER_MS,
  type Surroundings,
} from './participant.ts';
import { PlantedDesync } from './planted-desync.ts';
import { TruthKeeper } from './truth-keeper.ts';

/** The room that the rendezvous of a run begins with. */
const ROOM = 'MAIN';

export class PeerParticipant implements Participant {
  readonly #role: BotRole;
  readonly #around: Surroundings;
  readonly #handlers: ParticipantHandlers;
  readonly #timer: HeldTimer;
  readonly #planted: PlantedDesync | null;
  /** Made, as the session is, when the bot asks to join; null before. */
  #driver: PeerDriver<LockstepSession> | null = null;
  #session!: LockstepSession;
  #truth: TruthKeeper | null = null;
  #reopenMs = Number.POSITIVE_INFINITY;
  #isPlaying = false;
  #isLeaving = false;
  replay: Replay | null = null;

  constructor(role: BotRole, around: Surroundings, handlers: ParticipantHandlers) {
    const { plan } = around;
    this.#role = role;
    this.#around = around;
    this.#handlers = handlers;
    this.#timer = new HeldTimer(around.nowMs, handlers.rescheduled);
    // The last one, because the first may be the one whose world counts as true.
    this.#planted = plan.inject === 'desync' && role.index === plan.players - 1 ? new PlantedDesync() : null;
  }

  #makeSession(): LockstepSession {
    const { plan, nowMs } = this.#around;
    const { index, cheat } = this.#role;
    const honest = new LockstepSession(
      {
        transport: 'datagram',
        name: `bot ${index}`,
        room: ROOM,
        inputRateHz: plan.inputRateHz,
        randomBytes: (into) => {
          randomFillSync(into);
        },
        ...(plan.defences.signedHeads ? { crypto: nodeSigning() } : {}),
      },
      nowMs(),
    );
    honest.onConfirmed = (world, tick, atMs) => this.#confirmed(world, tick, atMs);
    return cheat === null ? honest : (cheatOf(cheat).wrapSession?.(honest) ?? honest);
  }

  get nextDueMs(): number {
    if (!this.#driver) return Number.POSITIVE_INFINITY;
    return Math.min(this.#session.nextDueMs, this.#timer.nextDueMs, this.#reopenMs);
  }

  get tickMs(): number {
    return this.#session.tickMs;
  }

  get carried(): Carried {
    if (!this.#driver) return { sentBytes: 0, receivedBytes: 0, sentMessages: 0, receivedMessages: 0, relayedBytes: 0 };
    const { direct, rendezvous, relayed } = this.#driver.totals();
    return {
      sentBytes: direct.sentBytes + rendezvous.sentBytes,
      receivedBytes: direct.receivedBytes + rendezvous.receivedBytes,
      sentMessages: direct.sentMessages + rendezvous.sentMessages,
      receivedMessages: direct.receivedMessages + rendezvous.receivedMessages,
      relayedBytes: relayed.sentBytes + relayed.receivedBytes,
    };
  }

  open(): void {
    this.#reopenMs = Number.POSITIVE_INFINITY;
    const { url, bindAddress } = this.#around.endpoint;
    const end = openNodeDataChannelEnd({ url, ...(bindAddress ? { bindAddress } : {}) });
    if (this.#driver) {
      this.#driver.attach(end);
      return;
    }
    this.#session = this.#makeSession();
    const recorder = this.#around.truthOf(this.#role);
    this.#truth = recorder && new TruthKeeper(recorder, this.#session, this.#around.nowMs);
    this.#driver = this.#makeDriver(end);
  }

  #makeDriver(end: ClientEnd): PeerDriver<LockstepSession> {
    const { plan, endpoint } = this.#around;
    const { bindAddress } = endpoint;
    const { network, seed, natBlockedRatio } = plan;
    const profile = profileOf(network);
    const extraDelayMs = this.#around.extraDelayMsOf(this.#role);
    const isConditioned = needsConditioning(profile) || extraDelayMs > 0;
    const driver = new PeerDriver<LockstepSession>({
      session: this.#session,
      end,
      createConnection: () => createNodePeerConnection(bindAddress ? { bindAddress } : {}),
      timer: this.#timer,
      access: isConditioned ? { profile, seed, participant: this.#role.index } : undefined,
      natBlocking: natBlockedRatio > 0 ? { ratio: natBlockedRatio, seed } : undefined,
      decide: brainOf(this.#role),
      onEvent: (event, nowMs) => this.#tell(event, nowMs),
      onClose: () => this.#rendezvousLost(),
      rescheduled: () => this.#handlers.rescheduled(),
    });
    driver.access?.setExtraDelay(extraDelayMs);
    return driver;
  }

  #rendezvousLost(): void {
    if (this.#isLeaving) return;
    this.#reopenMs = this.#around.nowMs() + REOPEN_AFTER_MS;
    this.#handlers.rescheduled();
  }

  /** Called with the world as a final tick left it. */
  #confirmed(world: World, tick: number, nowMs: number): void {
    const session = this.#session;
    if (this.#role.full && session.player >= 0) {
      const view = session.confirmedView;
      if (view) this.#handlers.onView(view, nowMs, livingOthers(world, session.player) - view.players.count);
    }
    this.#truth?.confirmed(world, tick);
    if (session.counters.desyncs === 0) this.#planted?.confirmed(world, tick, nowMs);
  }

  #tell(event: SessionEvent, nowMs: number): void {
    const session = this.#session;
    switch (event.type) {
      // Peers hear of everybody who comes and is refused.
      case 'joined':
        if (event.peer !== session.self) return;
        this.#isPlaying = true;
        break;
      case 'refused':
        if (session.state !== 'refused') return;
        break;
      case 'snapshot':
        if (session.player < 0) return;
        break;
      case 'input':
        this.#truth?.inputTaken(event.dueMs);
        break;
      case 'desync':
        if (session.tape) this.replay ??= { peer: session.self, bytes: encodeReplay(session.tape.replay) };
        break;
    }
    this.#handlers.onEvent(event, nowMs);
  }

  pump(nowMs: number): void {
    if (nowMs >= this.#reopenMs) this.open();
    this.#timer.run(nowMs);
    if (!this.#driver || this.#session.nextDueMs > nowMs) return;
    this.#truth?.begin();
    this.#driver.pump();
    this.#truth?.end();
    if (this.#isPlaying && this.#session.state !== 'playing') {
      this.#isPlaying = false;
      this.#handlers.onLost('dropped by the other peers');
    }
  }

  drawn(nowMs: number): View | null {
    return this.#session.drawn(nowMs);
  }

  sample(nowMs: number): void {
    const { recorder } = this.#around;
    let direct = 0;
    let relayed = 0;
    for (const { peer } of this.#session.roster.members) {
      const link = this.#driver!.linkOf(peer);
      if (link === 'direct') direct++;
      else if (link === 'relayed') relayed++;
    }
    recorder.links(direct, relayed, nowMs);
    recorder.delay(this.#session.delayTicks, nowMs);
  }

  measure(fromMs: number, untilMs: number): void {
    this.#planted?.plantAt((fromMs + untilMs) / 2);
  }

  leave(reason: string): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#reopenMs = Number.POSITIVE_INFINITY;
    if (!this.#driver) return;
    this.#session.leave(this.#around.nowMs());
    // What it has to say to the others goes out with a last turn.
    this.#driver.pump();
    this.#driver.close(reason);
  }
}

export { cleanupDataChannels as cleanupPeers };
