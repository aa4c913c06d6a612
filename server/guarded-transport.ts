/**
 * Colyseus' WebSocket transport, with two things a public process needs. What arrives is handled inside try/catch: the
 * framework decodes frames in an event listener, where an exception would end the process. And bodies of matchmaking
 * requests are bounded before anybody parses them.
 */
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import { WebSocketTransport } from '@colyseus/ws-transport';
import type { WebSocket } from 'ws';

/** Longest message from a client: inputs with redundancy, a name, a roster request. */
const MAX_CLIENT_MESSAGE_BYTES = 4096;
/** A matchmaking request carries no options here. */
const MAX_REQUEST_BYTES = 4096;

export interface GuardCounters {
  /** Frames whose handling threw; the socket was closed. */
  faultyFrames: number;
  /** HTTP requests refused before the framework saw them. */
  refusedRequests: number;
}

/** Puts the handling of a socket's events into try/catch: one that throws is closed, the others notice nothing. */
function guard(socket: WebSocket, counters: GuardCounters): void {
  const emit = socket.emit;
  socket.emit = function guardedEmit(this: WebSocket, event: string | symbol, ...args: unknown[]): boolean {
    try {
      return emit.call(this, event, ...args);
    } catch {
      counters.faultyFrames += 1;
      this.terminate();
      return true;
    }
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
