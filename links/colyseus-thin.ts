/**
 * A thin client end for load bots, for Node only: matchmaking by one POST and a bare WebSocket that speaks the four
 * frames it needs. It costs a twelfth of the SDK's CPU and a fifteenth of its memory; a sample of SDK clients in every
 * run keeps it honest.
 */
import type { Transport } from '../netcode/session.ts';
import { BaseEnd, MAX_MESSAGE_BYTES, OPEN_TIMEOUT_MS } from './client-end.ts';
import { ARENA_ROOM, FRAME_HEADER_BYTES, Frame, GAME_BYTES, readableJoinError } from './colyseus-frames.ts';
import { LeanWebSocket } from './lean-websocket.ts';

export interface ThinEndOptions {
  /** Address of the server: `http://127.0.0.1:2567`. */
  url: string;
  room?: string;
}

interface SeatReservation {
  roomId: string;
  processId: string;
  sessionId: string;
}

/** Asks for a seat. Rejects with Colyseus' `{ code, message }`, or with a network error. */
async function reserveSeat(url: string, room: string, signal: AbortSignal): Promise<SeatReservation> {
  const response = await fetch(`${url}/matchmake/join/${room}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
    signal,
  });
  const body = (await response.json().catch(() => ({}))) as SeatReservation & { code?: number; error?: string };
  if (!response.ok) throw { code: body.code ?? response.status, message: body.error ?? response.statusText };
  return body;
}

class ThinColyseusEnd extends BaseEnd {
  readonly transport: Transport = 'stream';
  #socket: LeanWebSocket | null = null;
  readonly #abort = new AbortController();
  readonly #timeout: ReturnType<typeof setTimeout>;

  constructor({ url, room = ARENA_ROOM }: ThinEndOptions) {
    super();
    this.#timeout = setTimeout(() => {
      this.close(`the server did not answer within ${OPEN_TIMEOUT_MS / 1000} s`);
    }, OPEN_TIMEOUT_MS);
    reserveSeat(url, room, this.#abort.signal).then(
      (seat) => this.#connect(url, seat),
      (error: unknown) => this.close(readableJoinError(error, url)),
    );
  }

  get bufferedBytes(): number {
    return this.#socket?.bufferedBytes ?? 0;
  }

  #connect(url: string, { processId, roomId, sessionId }: SeatReservation): void {
    if (this.state === 'closed') return;
    const address = `${url.replace(/^http/, 'ws')}/${processId}/${roomId}?sessionId=${sessionId}`;
    this.#socket = new LeanWebSocket(address, MAX_MESSAGE_BYTES, {
      open: () => {},
      message: (bytes) => this.#frame(bytes),
      close: (reason) => this.close(reason),
    });
  }

  #frame(data: Buffer): void {
    const kind = data[0];
    if (kind === Frame.roomBytes && data[1] === GAME_BYTES) this.received(data.subarray(FRAME_HEADER_BYTES));
    else if (kind === Frame.joinRoom) {
      clearTimeout(this.#timeout);
      this.#send(1, (frame, at) => {
        frame[at] = Frame.joinRoom;
      });
      this.opened();
    } else if (kind === Frame.error) this.close('the server refused the seat');
    else if (kind !== Frame.roomState && kind !== Frame.roomPatch) this.stats.malformedMessages += 1;
  }

  protected transmit(bytes: Uint8Array): void {
    this.#send(FRAME_HEADER_BYTES + bytes.length, (frame, at) => {
      frame[at] = Frame.roomBytes;
      frame[at + 1] = GAME_BYTES;
      frame.set(bytes, at + FRAME_HEADER_BYTES);
    });
  }

  #send(length: number, fill: (frame: Buffer, at: number) => void): void {
    const { frame, at } = LeanWebSocket.frameFor(length);
    fill(frame, at);
    this.#socket?.sendFrame(frame);
  }

  protected release(): void {
    clearTimeout(this.#timeout);
    this.#abort.abort();
    this.#socket?.close();
  }
}

export type { ThinColyseusEnd };

/** Joins the match of a Colyseus server, thinly. Returns at once, in state `opening`. */
export function openThinColyseusEnd(options: ThinEndOptions): ThinColyseusEnd {
  return new ThinColyseusEnd(options);
}
