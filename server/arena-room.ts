/**
 * The Colyseus room around an authority: it translates joins, drops and bytes into links of the driver, and keeps the
 * low-rate schema state. It knows nothing of the game; ticks are the driver's, because the framework's own loop counts
 * intervals and drifts.
 *
 * Seats survive a lost connection inside the session (`seatHoldMs`, claimed by resume token), the same way as under
 * every other topology; Colyseus' own `allowReconnection` would only hold a second seat beside it.
 */
import type { Socket } from 'node:net';
import { type Client, Room } from '@colyseus/core';
import type { WebSocket } from 'ws';
import type { AuthorityDriver, TickTiming } from '../links/authority-driver.ts';
import { FRAME_HEADER_BYTES, Frame, GAME_BYTES } from '../links/colyseus-frames.ts';
import type { PeerLink } from '../links/session-links.ts';
import type { Channel, PeerId } from '../netcode/session.ts';
import { ArenaState, TOP_COUNT, TopEntry } from './schema.ts';

/** A client that has this much unsent gets no more snapshots until it has caught up: they would only age in the queue. */
const MAX_BUFFERED_BYTES = 32 * 1024;
/** A client that is this far behind on what it must have will not recover; it may rejoin. */
const HOPELESS_BUFFERED_BYTES = 1024 * 1024;
/** Longest reason that fits into a WebSocket close frame. */
const MAX_REASON_BYTES = 123;
/** Close code under which an authority ends a link with a reason. */
const CLOSE_WITH_REASON = 4100;
const STATE_PERIOD_MS = 1000;

export interface ArenaRoomOptions {
  driver: AuthorityDriver;
}

interface ArenaClient extends Client {
  userData: { peer: PeerId };
}

/** Cuts a reason to what a close frame holds, without splitting a character. */
function closeReason(reason: string): string {
  let cut = reason;
  while (Buffer.byteLength(cut) > MAX_REASON_BYTES) cut = cut.slice(0, -1);
  return cut;
}

export class ArenaRoom extends Room<{ state: ArenaState; client: ArenaClient }> {
  #driver!: AuthorityDriver;
  #worstTickMs = 0;
  /** Patches of the state that have not been sent yet: to a thousand clients at once they would cost a tick. */
  #patches: (() => void)[] = [];
  #nextPatch = 0;

  override onCreate({ driver }: ArenaRoomOptions): void {
    this.#driver = driver;
    const { config, maxMessagesPerS } = driver.session.options;
    this.autoDispose = false;
    // The session refuses whom it has no seat for, with a reason; this limit only protects the process.
    this.maxClients = config.players + Math.max(32, config.players >> 2);
    // The session counts and drops; this is for other kinds of frames. The room's clock steps once per patch, so a
    // second of its may be two.
    this.maxMessagesPerSecond = maxMessagesPerS * 10;
    const state = new ArenaState();
    state.seats = config.players;
    state.tickRateHz = config.tickRateHz;
    this.state = state;
    this.patchRate = STATE_PERIOD_MS;
    this.onMessageBytes(GAME_BYTES, (client: ArenaClient, bytes: Uint8Array) => {
      this.#driver.receive(client.userData.peer, bytes);
    });
    driver.hooks.push({ tick: (timing) => this.#noteTick(timing) });
  }

  override onJoin(client: ArenaClient): void {
    const socket = client.ref as unknown as WebSocket;
    const raw = client.raw.bind(client);
    client.userData = { peer: this.#driver.peerUp(peerLink(client, socket)) };
    // The framework hands out views of one shared buffer for state and patches, and overwrites it while a stalled socket
    // still holds them: such a client would decode garbage.
    client.raw = (data, options, done) => {
      const kind = data[0]! & 0x1f;
      if (kind === Frame.roomPatch) {
        const patch = Buffer.from(data);
        this.#patches.push(() => raw(patch, options, done));
      } else raw(kind === Frame.roomState ? Buffer.from(data) : data, options, done);
    };
  }

  /** Called for every end of a connection, wanted or not. */
  override onLeave(client: ArenaClient): void {
    if (client.userData) this.#driver.peerDown(client.userData.peer);
  }

  override onBeforePatch(state: ArenaState): void {
    const { session } = this.#driver;
    const { match } = session.world;
    state.players = match.players[0]!;
    state.tick = match.tick[0]!;
    state.tickMs = this.#worstTickMs;
    this.#worstTickMs = 0;
    const best = session.roster(0, TOP_COUNT);
    while (state.top.length > best.length) state.top.pop();
    best.forEach((entry, rank) => {
      const row = state.top[rank];
      if (!row) state.top.push(new TopEntry().assign({ ...entry }));
      else if (row.player !== entry.player || row.score !== entry.score || row.deaths !== entry.deaths) {
        row.assign({ ...entry });
      }
    });
  }

  #noteTick({ dueMs, endedMs }: TickTiming): void {
    if (endedMs - dueMs > this.#worstTickMs) this.#worstTickMs = endedMs - dueMs;
    this.#sendSomePatches();
  }

  /** A few after each tick, in order, so that all are out before the next ones come. */
  #sendSomePatches(): void {
    const left = this.#patches.length - this.#nextPatch;
    if (left === 0) return;
    const perTick = Math.ceil(this.clients.length / (this.#driver.session.options.config.tickRateHz / 2)) + 1;
    for (let i = Math.min(left, perTick); i > 0; i--) this.#patches[this.#nextPatch++]!();
    if (this.#nextPatch < this.#patches.length) return;
    this.#patches = [];
    this.#nextPatch = 0;
  }
}

/**
 * The link to one client. Messages go past the framework's and the WebSocket library's own sending, which would copy
 * them, format a debug line, and write header and payload as two buffers: here a message is one buffer and one write.
 * That keeps the order of messages, because without compression the library never queues one itself.
 */
function peerLink(client: ArenaClient, socket: WebSocket): PeerLink {
  const { _socket: stream } = socket as unknown as { _socket: Socket };
  return {
    send(bytes: Uint8Array, channel: Channel): boolean {
      if (socket.readyState !== socket.OPEN) return false;
      const { writableLength } = stream;
      if (writableLength > MAX_BUFFERED_BYTES) {
        if (channel === 'unreliable') return false;
        // What must arrive may wait for a while, but not pile up without end.
        if (writableLength > HOPELESS_BUFFERED_BYTES) {
          socket.terminate();
          return false;
        }
      }
      stream.write(webSocketFrame(bytes));
      return true;
    },
    close(reason: string): void {
      client.leave(CLOSE_WITH_REASON, closeReason(reason));
    },
  };
}

const BINARY_MESSAGE = 0x82;
const LENGTH_IN_16_BITS = 126;

/** A whole unmasked WebSocket frame (RFC 6455) around a Colyseus frame around the game's bytes, in fresh memory. */
function webSocketFrame(bytes: Uint8Array): Buffer {
  const length = FRAME_HEADER_BYTES + bytes.length;
  const at = length < LENGTH_IN_16_BITS ? 2 : 4;
  const frame = Buffer.allocUnsafe(at + length);
  frame[0] = BINARY_MESSAGE;
  if (length < LENGTH_IN_16_BITS) frame[1] = length;
  else {
    frame[1] = LENGTH_IN_16_BITS;
    frame.writeUInt16BE(length, 2);
  }
  frame[at] = Frame.roomBytes;
  frame[at + 1] = GAME_BYTES;
  frame.set(bytes, at + FRAME_HEADER_BYTES);
  return frame;
}
