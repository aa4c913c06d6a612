/**
 * Colyseus' WebSocket transport, with what a public process needs. Frames that this game does not use are refused before
 * the framework decodes them: it would write a line to the console for each bad character in a text. What is left is
 * handled inside try/catch, because an exception in an event listener ends the process. And bodies of matchmaking
 * requests are bounded before anybody parses them.
 */
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import { WebSocketTransport } from '@colyseus/ws-transport';
import type { WebSocket } from 'ws';
import { Frame, GAME_BYTES } from '../links/colyseus-frames.ts';

/** Longest message from a client: inputs with redundancy, a name, a roster request. */
const MAX_CLIENT_MESSAGE_BYTES = 4096;
/** A matchmaking request carries no options here. */
const MAX_REQUEST_BYTES = 4096;

export interface GuardCounters {
  /** Frames of kinds that this game does not use; the socket was closed. */
  refusedFrames: number;
  /** Frames whose handling threw; the socket was closed. */
  faultyFrames: number;
  /** HTTP requests refused before the framework saw them. */
  refusedRequests: number;
}

/** Whether a frame is one that clients of this game send: their bytes, or a bare handshake, ping or goodbye. */
function isOurs(data: unknown, isBinary: unknown): boolean {
  if (isBinary !== true || !Buffer.isBuffer(data)) return false;
  if (data[0] === Frame.roomBytes) return data[1] === GAME_BYTES;
  return data.length === 1 && (data[0] === Frame.joinRoom || data[0] === Frame.ping || data[0] === Frame.leaveRoom);
}

/** Closes a socket that sends what it should not, or whose message makes a handler throw; the others notice nothing. */
function guard(socket: WebSocket, counters: GuardCounters): void {
  const emit = socket.emit;
  socket.emit = function guardedEmit(this: WebSocket, event: string | symbol, ...args: unknown[]): boolean {
    try {
      if (event !== 'message' || isOurs(args[0], args[1])) return emit.call(this, event, ...args);
      counters.refusedFrames += 1;
    } catch {
      counters.faultyFrames += 1;
    }
    this.terminate();
    return true;
  };
}

export class GuardedTransport extends WebSocketTransport {
  constructor(server: HttpServer, counters: GuardCounters) {
    // Pings would go to everybody in one loop; the session's own silence limit notices the dead.
    super({ server, maxPayload: MAX_CLIENT_MESSAGE_BYTES, pingInterval: 0, perMessageDeflate: false });
    this.wss.prependListener('connection', (socket: WebSocket) => guard(socket, counters));
  }
}

function refuse(response: ServerResponse, status: number, error: string): void {
  response.writeHead(status, { 'content-type': 'application/json', connection: 'close' });
  response.end(JSON.stringify({ code: status, error }));
}

/**
 * Stands before the framework's own request listeners: reads the body itself, and answers what is too long or no JSON
 * object. Call it after they are bound.
 */
export function guardRequests(server: HttpServer, counters: GuardCounters): void {
  const listeners = server.listeners('request') as ((
    request: IncomingMessage & { body?: unknown },
    response: ServerResponse,
  ) => void)[];
  server.removeAllListeners('request');
  const pass = (request: IncomingMessage & { body?: unknown }, response: ServerResponse): void => {
    for (const listener of listeners) listener.call(server, request, response);
  };
  server.on('request', (request: IncomingMessage & { body?: unknown }, response: ServerResponse) => {
    request.on('error', () => response.destroy());
    response.on('error', () => request.destroy());
    if (request.method !== 'POST' || !request.url?.startsWith('/matchmake/')) {
      pass(request, response);
      return;
    }
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_REQUEST_BYTES) chunks.push(chunk);
    });
    request.on('end', () => {
      const body = bytes <= MAX_REQUEST_BYTES ? parseObject(Buffer.concat(chunks).toString()) : null;
      if (body) {
        request.body = body;
        pass(request, response);
      } else {
        counters.refusedRequests += 1;
        refuse(response, bytes > MAX_REQUEST_BYTES ? 413 : 400, 'the body must be a JSON object of at most 4 kB');
      }
    });
  });
}

/** The object a text stands for, an empty one for no text, null when it is anything else. */
function parseObject(text: string): object | null {
  if (text === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
