/**
 * The client end of the official Colyseus SDK, in browsers and Node alike: what a game built on Colyseus would use. Game
 * data crosses as bytes under one message type; the room's schema state (players, top ten) is the SDK's own business and
 * reachable through `room`.
 *
 * The SDK's own reconnection is switched off: a seat is kept by the session's resume token, which works the same under
 * every topology, so whoever drives this end opens a new one instead.
 */
import { Client, type Room } from '@colyseus/sdk';
import type { Transport } from '../netcode/session.ts';
import { BaseEnd, OPEN_TIMEOUT_MS } from './client-end.ts';
import { ARENA_ROOM, GAME_BYTES, readableJoinError } from './colyseus-frames.ts';

export interface ColyseusEndOptions {
  /** Address of the server: `http://127.0.0.1:2567`. */
  url: string;
  /** Room name; a server of this project has one. */
  room?: string;
}

class ColyseusEnd extends BaseEnd {
  readonly transport: Transport = 'stream';
  /** The SDK's room once open: its `state` holds the metadata and the top ten. */
  room: Room | null = null;
  readonly #timeout: ReturnType<typeof setTimeout>;

  constructor(options: ColyseusEndOptions) {
    super();
    this.#timeout = setTimeout(() => {
      this.close(`the server did not answer within ${OPEN_TIMEOUT_MS / 1000} s`);
    }, OPEN_TIMEOUT_MS);
    this.#open(options).catch((error: unknown) => this.close(readableJoinError(error, options.url)));
  }

  get bufferedBytes(): number {
    const socket = (this.room?.connection.transport as { ws?: { bufferedAmount: number } } | undefined)?.ws;
    return socket?.bufferedAmount ?? 0;
  }

  async #open({ url, room: name = ARENA_ROOM }: ColyseusEndOptions): Promise<void> {
    const room: Room = await new Client(url).join(name);
    if (this.state === 'closed') {
      room.reconnection.enabled = false;
      room.connection.close();
      return;
    }
    clearTimeout(this.#timeout);
    this.room = room;
    room.reconnection.enabled = false;
    room.onMessage(GAME_BYTES, (bytes: unknown) => {
      if (bytes instanceof Uint8Array) this.received(bytes);
      else this.stats.malformedMessages += 1;
    });
    // Whatever else a server may send is not ours; without a handler the SDK would warn about each message.
    room.onMessage('*', () => {
      this.stats.malformedMessages += 1;
    });
    room.onLeave((code: number, reason?: string) => this.close(reason || `the connection was closed (code ${code})`));
    room.onError((code: number, message?: string) => this.close(message || `the server reported error ${code}`));
    this.opened();
  }

  protected transmit(bytes: Uint8Array): void {
    this.room?.sendBytes(GAME_BYTES, bytes);
  }

  protected release(): void {
    clearTimeout(this.#timeout);
    this.room?.connection.close();
  }
}

export type { ColyseusEnd };

/** Joins the match of a Colyseus server. Returns at once, in state `opening`. */
export function openColyseusEnd(options: ColyseusEndOptions): ColyseusEnd {
  return new ColyseusEnd(options);
}
