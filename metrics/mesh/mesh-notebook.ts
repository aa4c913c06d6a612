/**
 * What one peer of a mesh writes down about itself, read from its session after each of its ticks: bots over real
 * connections and peers on virtual time write down the same things the same way. One per session.
 */
import { EventKind, type World } from '../../game/world.ts';
import type { SwarmRecorder } from '../swarm-recorder.ts';
import { EQUIVOCATION, type SentCount } from './mesh-notes.ts';
import { type OwnTick, ownTickOf } from './owner-notes.ts';

/** What is read of another peer. */
interface TellingOther {
  readonly id: number;
  readonly link: 'up' | 'down' | 'relayed';
  /** Slot of its avatar; −1 while it has none. */
  readonly slot: number;
  /** When the link came up. */
  readonly upMs: number;
  /** The newest state of its avatar came over the own link, and when. */
  readonly isDirect: boolean;
  readonly stateAtMs: number;
  /** It is told where we are. */
  readonly isTold: boolean;
  /** How often, over the room’s send rate; at most 1. */
  readonly toldShare: number;
}

/** What is read of a session: `MeshSession` of netcode/mesh/ has it. */
export interface TellingPeer {
  readonly player: number;
  readonly world: World | null;
  /** How much later than the room's its ticks are due. */
  readonly phaseMs: number;
  readonly peers: ReadonlyMap<number, TellingOther>;
  readonly counters: {
    readonly inputs: number;
    readonly linksOpened: number;
    readonly statesSent: number;
    readonly stateBytes: number;
    readonly forwardedBytes: number;
    /** By what it is for. */
    readonly upload: Readonly<Record<string, Readonly<SentCount>>>;
  };
}

/** The events of a session that name somebody. */
export type Accusing =
  | { type: 'accused'; peer: number; reason: string }
  | { type: 'equivocation'; peer: number; isProven: boolean };

const NOTHING_YET: TellingPeer['counters'] = {
  inputs: 0,
  linksOpened: 0,
  statesSent: 0,
  stateBytes: 0,
  forwardedBytes: 0,
  upload: {},
};

export class MeshNotebook {
  readonly #session: TellingPeer;
  readonly #recorder: SwarmRecorder;
  /** The newest tick whose input the avatar reflects. */
  #inputTick = -1;
  #before = NOTHING_YET;
  /** What it sends for, and what was sent until the last tick. */
  #parts: string[] | null = null;
  readonly #sent: Record<string, SentCount> = {};
  /** Links over which a state has come, by peer: when they came up, and whose avatar it was. */
  readonly #direct = new Map<number, { id: number; upMs: number; slot: number }>();
  /** The last tick, until it is known when it ended. */
  #open: OwnTick | null = null;

  constructor(session: TellingPeer, recorder: SwarmRecorder) {
    this.#session = session;
    this.#recorder = recorder;
  }

  /** The session has done a tick of its own avatar, which is about to be handed to the links. */
  ticked(tick: number, dueMs: number, nowMs: number): void {
    this.ended(nowMs);
    const { player, world, counters, phaseMs } = this.#session;
    if (player < 0 || !world) return;
    if (counters.inputs !== this.#before.inputs) this.#inputTick = tick;
    const times = { tick, dueMs, phaseMs, startMs: nowMs, endMs: nowMs };
    this.#open = ownTickOf(world, player, { ...times, inputTick: this.#inputTick });
    this.#noteEvents(world, player, tick, nowMs);
    this.#noteCounters(nowMs);
    this.#noteDirect(player, nowMs);
  }

  /** The last tick is over: what it had to say is with the links. */
  ended(nowMs: number): void {
    const { player } = this.#session;
    if (this.#open && player >= 0) this.#recorder.owners.tick(player, { ...this.#open, endMs: nowMs });
    this.#open = null;
  }

  /** This peer accuses another one; two stories are an accusation when it can prove them. */
  accused(event: Accusing, nowMs: number): void {
    if (event.type === 'equivocation' && !event.isProven) return;
    const { player, peers } = this.#session;
    const reason = event.type === 'accused' ? event.reason : EQUIVOCATION;
    this.#recorder.mesh.accused(player, peers.get(event.peer)?.slot ?? -1, reason, nowMs);
  }

  /** About once a second. */
  sample(nowMs: number): void {
    let [direct, relayed, told] = [0, 0, 0];
    for (const { link, isTold, toldShare } of this.#session.peers.values()) {
      if (link === 'up') direct++;
      else if (link === 'relayed') relayed++;
      if (link !== 'down' && isTold) told += toldShare;
    }
    this.#recorder.links(direct, relayed, nowMs);
    this.#recorder.mesh.recipients(told, nowMs);
  }

  #noteEvents({ events }: World, player: number, tick: number, nowMs: number): void {
    const { owners } = this.#recorder;
    for (let i = 0; i < events.count; i++) {
      const kind = events.kind[i]!;
      if (events.a[i] !== player) continue;
      if (kind === EventKind.fire) owners.fired(nowMs);
      else if (kind === EventKind.kill || kind === EventKind.pickup || kind === EventKind.purchase) {
        owners.outcome(player, { tick, kind, other: events.b[i]!, amount: events.amount[i]! }, nowMs);
      }
    }
  }

  #noteCounters(nowMs: number): void {
    const { counters } = this.#session;
    const { mesh } = this.#recorder;
    const before = this.#before;
    if (counters.linksOpened > before.linksOpened) mesh.linkOpened(nowMs, counters.linksOpened - before.linksOpened);
    if (counters.statesSent > before.statesSent) {
      mesh.stateSent(counters.stateBytes - before.stateBytes, nowMs, counters.statesSent - before.statesSent);
    }
    if (counters.forwardedBytes > before.forwardedBytes) {
      mesh.forwarded(counters.forwardedBytes - before.forwardedBytes, nowMs);
    }
    this.#before = { ...counters };
    this.#parts ??= Object.keys(counters.upload);
    for (const part of this.#parts) this.#noteSent(part, counters.upload[part]!, nowMs);
  }

  #noteSent(part: string, { messages, bytes }: SentCount, nowMs: number): void {
    this.#sent[part] ??= { messages: 0, bytes: 0 };
    const sent = this.#sent[part];
    if (messages === sent.messages) return;
    this.#recorder.mesh.sent(part, { messages: messages - sent.messages, bytes: bytes - sent.bytes }, nowMs);
    sent.messages = messages;
    sent.bytes = bytes;
  }

  /** Exact to a tick: several states may have come since the last one. */
  #noteDirect(player: number, nowMs: number): void {
    const { peers } = this.#session;
    const { mesh } = this.#recorder;
    for (const noted of this.#direct.values()) {
      const other = peers.get(noted.id);
      if (other?.link === 'up' && other.upMs === noted.upMs && other.slot === noted.slot) continue;
      this.#direct.delete(noted.id);
      mesh.directLost(player, noted.slot, nowMs);
    }
    for (const other of peers.values()) {
      const { id, link, slot, upMs, isDirect, stateAtMs } = other;
      if (link !== 'up' || !isDirect || stateAtMs < upMs || slot < 0 || this.#direct.has(id)) continue;
      this.#direct.set(id, { id, upMs, slot });
      mesh.directState(player, slot, stateAtMs);
    }
  }
}
