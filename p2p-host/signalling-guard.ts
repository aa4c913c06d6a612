/**
 * Stands before geckos.io's HTTP routes. It limits who may ask (origins), how much (links in all, links half open, body
 * size), and does the one step itself that geckos does wrongly: a remote description is validated before it reaches
 * native code, where `{}` would end the process.
 */
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import type { GeckosServer } from '@geckos.io/server';
import { isSessionDescription, MAX_SIGNAL_BYTES, SIGNALLING_PATH } from '../links/signalling.ts';

export interface SignallingLimits {
  /** Links that may be up or being made at once. */
  maxLinks: number;
  /** Links that may be half made at once: each holds native memory and a UDP port. */
  maxPending: number;
  /** A link that is not up after this long is given up. */
  pendingMs: number;
  /** Whether a page of this origin may signal; requests without an origin are not a page's. */
  allowsOrigin: (origin: string) => boolean;
}

export interface SignallingCounters {
  /** Requests refused: malformed, too many, not allowed. */
  refusedRequests: number;
  /** Links that were asked for and never came up. */
  abandoned: number;
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

function answer(response: ServerResponse, status: number, text: string): void {
  if (response.writableEnded) return;
  response.writeHead(status, { 'content-type': 'text/plain' });
  response.end(text);
}

/** The `{ sdp, type }` of an answer, or null when the body is anything else. */
function parseAnswer(body: Buffer): { sdp: string; type: 'answer' } | null {
  try {
    const { sdp, type } = (JSON.parse(body.toString()) ?? {}) as { sdp?: unknown; type?: unknown };
    return type === 'answer' && isSessionDescription(sdp) ? { sdp, type } : null;
  } catch {
    return null;
  }
}

/** Reads a body, or calls back with null when it is too long. */
function readBody(request: IncomingMessage, done: (body: Buffer | null) => void): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_SIGNAL_BYTES) chunks.push(chunk);
  });
  request.on('end', () => done(bytes <= MAX_SIGNAL_BYTES ? Buffer.concat(chunks) : null));
}

export class SignallingGuard {
  readonly counters: SignallingCounters = { refusedRequests: 0, abandoned: 0 };
  readonly #geckos: GeckosServer;
  readonly #limits: SignallingLimits;
  readonly #inner: Handler[];
  /** When links that are not up yet were asked for, by geckos' id. */
  readonly #pending = new Map<string, number>();
  #asking = 0;
  #up = 0;

  /** Takes the place of the request listeners that geckos has put on `server`. */
  constructor(server: HttpServer, geckos: GeckosServer, limits: SignallingLimits) {
    this.#geckos = geckos;
    this.#limits = limits;
    this.#inner = server.listeners('request') as Handler[];
    this.#watchCreation();
    server.removeAllListeners('request');
    server.on('request', (request: IncomingMessage, response: ServerResponse) => {
      request.on('error', () => response.destroy());
      response.on('error', () => request.destroy());
      this.#route(request, response);
    });
  }

  /**
   * Notes each link that geckos makes, and replaces its handler of state changes: geckos' own reads a channel that may
   * be closed already, and what it throws there nobody catches.
   */
  #watchCreation(): void {
    const manager = this.#geckos.connectionsManager;
    const create = manager.createConnection.bind(manager);
    manager.createConnection = async (...args) => {
      this.#asking += 1;
      try {
        const made = await create(...args);
        const id = made.connection?.id;
        if (id) this.#watch(id);
        return made;
      } finally {
        this.#asking -= 1;
      }
    };
  }

  #watch(id: string): void {
    this.#pending.set(id, performance.now());
    const connection = this.#geckos.connectionsManager.getConnection(id);
    connection?.peerConnection.onStateChange((state) => {
      if (state !== 'disconnected' && state !== 'failed' && state !== 'closed') return;
      connection.close(state).catch(() => {});
    });
  }

  /** A link that was pending came up. */
  linkUp(id: string): void {
    this.#pending.delete(id);
    this.#up += 1;
  }

  linkDown(): void {
    this.#up -= 1;
  }

  #refuse(response: ServerResponse, status: number, text: string): void {
    this.counters.refusedRequests += 1;
    answer(response, status, text);
  }

  #route(request: IncomingMessage, response: ServerResponse): void {
    const { origin } = request.headers;
    const path = (request.url ?? '').split('?')[0]!;
    if (origin && !this.#limits.allowsOrigin(origin)) {
      this.#refuse(response, 403, `pages of ${origin} may not join this match`);
      return;
    }
    // Others on this port, such as the page, answer what is not signalling.
    if (!path.startsWith(`${SIGNALLING_PATH}/connections`)) {
      this.#pass(request, response);
      return;
    }
    const [, id, step] = path.slice(`${SIGNALLING_PATH}/connections`.length).split('/');
    if (request.method === 'OPTIONS') this.#pass(request, response);
    else if (request.method === 'POST' && id === undefined) this.#offer(request, response);
    else if (id === undefined || !/^[0-9a-zA-Z]{24}$/.test(id)) this.#refuse(response, 404, 'no such link');
    else if (request.method === 'POST' && step === 'remote-description') this.#describe(request, response, id);
    else if (this.#geckos.connectionsManager.getConnection(id)) this.#pass(request, response);
    else this.#refuse(response, 404, 'no such link');
  }

  #pass(request: IncomingMessage, response: ServerResponse): void {
    if (this.#inner.length === 0) answer(response, 404, 'not found');
    for (const listener of this.#inner) listener(request, response);
  }

  /** Somebody asks for a link: geckos makes an offer, unless there are too many. */
  #offer(request: IncomingMessage, response: ServerResponse): void {
    this.#giveUpOld();
    const making = this.#pending.size + this.#asking;
    if (this.#up + making >= this.#limits.maxLinks) {
      this.#refuse(response, 503, 'this match is full');
      return;
    }
    if (making >= this.#limits.maxPending) {
      this.#refuse(response, 503, 'too many are joining at once; try again');
      return;
    }
    this.#pass(request, response);
  }

  #describe(request: IncomingMessage, response: ServerResponse, id: string): void {
    readBody(request, (body) => {
      this.#cors(request, response);
      const connection = this.#geckos.connectionsManager.getConnection(id);
      const description = body && parseAnswer(body);
      if (!connection?.peerConnection) this.#refuse(response, 404, 'no such link');
      else if (!description) this.#refuse(response, 400, 'a remote description is { sdp, type: "answer" }');
      else {
        try {
          connection.peerConnection.setRemoteDescription(description.sdp, description.type);
          answer(response, 200, 'OK');
        } catch {
          this.#refuse(response, 400, 'this description does not fit the offer');
        }
      }
    });
  }

  #cors(request: IncomingMessage, response: ServerResponse): void {
    const { origin } = request.headers;
    if (!origin) return;
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('vary', 'origin');
  }

  /** Half-made links are closed after a while; asking for one is all it takes to hold native memory. */
  #giveUpOld(): void {
    const nowMs = performance.now();
    for (const [id, sinceMs] of this.#pending) {
      const connection = this.#geckos.connectionsManager.getConnection(id);
      if (connection && nowMs - sinceMs < this.#limits.pendingMs) continue;
      this.#pending.delete(id);
      this.counters.abandoned += 1;
      connection?.close().catch(() => {});
    }
  }
}
