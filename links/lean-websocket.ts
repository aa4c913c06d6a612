/**
 * The client half of a WebSocket (RFC 6455) for load bots in Node: whole binary messages in both directions, and nothing
 * more. A thousand bots that receive twenty messages a second spend most of their time below the application; here a
 * message costs one read into a shared buffer, and one write of one buffer.
 *
 * What it leaves out: fragmented messages, extensions and text (each ends the connection), and random masks. A mask
 * protects proxies from what a page may send; a zero mask key is valid, and costs nothing.
 */
import { createHash, randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';

const ACCEPT_SALT = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const MAX_HANDSHAKE_BYTES = 8192;
const Opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const FIN = 0x80;
const MASKED = 0x80;
const NORMAL_CLOSURE = 1000;

export interface LeanSocketHandlers {
  open(): void;
  /** One whole binary message; valid during the call only. */
  message(bytes: Buffer): void;
  /** Called once; the reason is a sentence for people, or what the server said. */
  close(reason: string): void;
}

/** All sockets of a process read into this one: what is read is handled before the next read. */
const shared = Buffer.alloc(256 * 1024);

export class LeanWebSocket {
  readonly #socket: Socket;
  readonly #handlers: LeanSocketHandlers;
  readonly #maxMessageBytes: number;
  readonly #accept: string;
  #isOpen = false;
  #isClosed = false;
  /** The beginning of a message whose end has not arrived yet. */
  #rest: Buffer | null = null;

  /** Connects to `ws://host:port/path…`. Messages longer than `maxMessageBytes` end the connection. */
  constructor(address: string, maxMessageBytes: number, handlers: LeanSocketHandlers) {
    const { hostname, port, pathname, search, host } = new URL(address);
    const key = randomBytes(16).toString('base64');
    this.#accept = createHash('sha1').update(`${key}${ACCEPT_SALT}`).digest('base64');
    this.#handlers = handlers;
    this.#maxMessageBytes = maxMessageBytes;
    this.#socket = connect({
      host: hostname,
      port: Number(port || 80),
      noDelay: true,
      onread: {
        buffer: shared,
        callback: (length) => {
          this.#read(shared.subarray(0, length));
          return true;
        },
      },
    });
    this.#socket.on('connect', () => {
      this.#socket.write(
        `GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Key: ${key}\r\nSec-WebSocket-Version: 13\r\n\r\n`,
      );
    });
    this.#socket.on('error', (error) => this.#end(error.message));
    this.#socket.on('close', () => this.#end('the connection was closed'));
  }

  /** Bytes handed over by `send` that the system has not taken yet. */
  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  /** A frame for `length` bytes of payload, and where the payload begins in it: fill it, then `sendFrame` it. */
  static frameFor(length: number): { frame: Buffer; at: number } {
    const at = length < 126 ? 6 : 8;
    const frame = Buffer.allocUnsafe(at + length);
    frame[0] = FIN | Opcode.binary;
    if (length < 126) frame[1] = MASKED | length;
    else {
      frame[1] = MASKED | 126;
      frame.writeUInt16BE(length, 2);
    }
    frame.fill(0, at - 4, at);
    return { frame, at };
  }

  sendFrame(frame: Buffer): void {
    if (this.#isOpen && !this.#isClosed) this.#socket.write(frame);
  }

  /** Says goodbye and closes. */
  close(): void {
    if (this.#isClosed) return;
    if (!this.#isOpen) {
      this.#socket.destroy();
      return;
    }
    this.#socket.end(
      Buffer.from([FIN | Opcode.close, MASKED | 2, 0, 0, 0, 0, NORMAL_CLOSURE >> 8, NORMAL_CLOSURE & 0xff]),
    );
    // Whoever does not answer is not waited for.
    this.#socket.setTimeout(1000, () => this.#socket.destroy());
  }

  #end(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.destroy();
    this.#handlers.close(reason);
  }

  #read(chunk: Buffer): void {
    const bytes = this.#rest ? Buffer.concat([this.#rest, chunk]) : chunk;
    this.#rest = null;
    let at = 0;
    if (!this.#isOpen) {
      at = this.#readHandshake(bytes);
      if (at < 0) return;
    }
    while (!this.#isClosed) {
      const next = this.#readFrame(bytes, at);
      if (next < 0) break;
      at = next;
    }
    if (at < bytes.length && !this.#isClosed) this.#rest = Buffer.from(bytes.subarray(at));
  }

  /** Where the first frame begins; −1 while the answer is not whole, or is a refusal. */
  #readHandshake(bytes: Buffer): number {
    const end = bytes.indexOf('\r\n\r\n');
    if (end < 0) {
      if (bytes.length > MAX_HANDSHAKE_BYTES) this.#end('the server did not answer as a WebSocket');
      else this.#rest = Buffer.from(bytes);
      return -1;
    }
    const [status = '', ...headers] = bytes.toString('latin1', 0, end).split('\r\n');
    const accept = headers
      .find((line) => /^sec-websocket-accept:/i.test(line))
      ?.split(':')[1]
      ?.trim();
    if (!status.startsWith('HTTP/1.1 101') || accept !== this.#accept) {
      this.#end(`the server refused the connection: ${status}`);
      return -1;
    }
    this.#isOpen = true;
    this.#handlers.open();
    return end + 4;
  }

  /** Handles the frame at `at` and returns where the next one begins; −1 while it is not whole. */
  #readFrame(bytes: Buffer, at: number): number {
    if (at + 2 > bytes.length) return -1;
    const head = bytes[at]!;
    let length = bytes[at + 1]!;
    let from = at + 2;
    if (length === 126) {
      if (at + 4 > bytes.length) return -1;
      length = bytes.readUInt16BE(at + 2);
      from = at + 4;
    } else if (length >= 127) {
      // 127 announces a length of eight bytes, above it the mask bit is set: neither is for us.
      this.#end('the server sent a frame that is masked or too long');
      return -1;
    }
    if (length > this.#maxMessageBytes || (head & FIN) === 0) {
      this.#end('the server sent a message that is too long or in pieces');
      return -1;
    }
    if (from + length > bytes.length) return -1;
    this.#handle(head & 0x0f, bytes.subarray(from, from + length));
    return from + length;
  }

  #handle(opcode: number, payload: Buffer): void {
    switch (opcode) {
      case Opcode.binary:
        this.#handlers.message(payload);
        return;
      case Opcode.ping: {
        const { frame, at } = LeanWebSocket.frameFor(payload.length);
        frame[0] = FIN | Opcode.pong;
        payload.copy(frame, at);
        this.sendFrame(frame);
        return;
      }
      case Opcode.pong:
        return;
      case Opcode.close:
        this.#end(payload.length > 2 ? payload.toString('utf8', 2) : 'the server closed the connection');
        return;
      default:
        this.#end(`the server sent a frame of kind ${opcode}`);
    }
  }
}
