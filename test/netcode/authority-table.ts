/** An authority and clients of it at one table: what they send arrives at once, unless a test wants it otherwise. */
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { type AuthorityOptions, AuthoritySession, DEFAULT_AUTHORITY } from '../../netcode/authority-session.ts';
import { type ClientOptions, ClientSession } from '../../netcode/client-session.ts';
import type { SessionEvent } from '../../netcode/session.ts';

export interface Table {
  authority: AuthoritySession;
  clients: ClientSession[];
  events: SessionEvent[][];
  authorityEvents: SessionEvent[];
  nowMs: number;
  /** Lets time pass for all, and delivers what they send at once, unless `drop` says otherwise. */
  run(ms: number): void;
  join(options?: Partial<ClientOptions>, token?: Uint8Array | null): ClientSession;
  drop: (bytes: Uint8Array, way: 'up' | 'down', client: number) => boolean;
}

let token = 0;

export function table(options: Partial<AuthorityOptions> & { players?: number } = {}): Table {
  const { players = 8, ...rest } = options;
  const authority = new AuthoritySession(
    {
      ...DEFAULT_AUTHORITY,
      transport: 'datagram',
      config: { ...DEFAULT_MATCH, players },
      randomBytes: (into) => into.fill(++token),
      ...rest,
    },
    0,
  );
  const t: Table = {
    authority,
    clients: [],
    events: [],
    authorityEvents: [],
    nowMs: 0,
    drop: () => false,
    join(clientOptions = {}, resumeToken = null) {
      const transport = authority.options.transport;
      const client = new ClientSession(
        { name: 'Ada', transport, inputRateHz: 20, prediction: true, ...clientOptions },
        t.nowMs,
      );
      client.resumeToken = resumeToken;
      t.clients.push(client);
      t.events.push([]);
      authority.linkChanged(t.clients.length, 'up', t.nowMs);
      client.linkChanged(0, 'up', t.nowMs);
      return client;
    },
    run(ms) {
      for (const end = t.nowMs + ms; t.nowMs < end; t.nowMs += 5) {
        t.clients.forEach((client, i) => {
          while (client.advance(t.nowMs));
          for (const request of client.drain()) {
            if (request.type === 'send' && !t.drop(request.bytes, 'up', i))
              authority.receive(i + 1, request.bytes, t.nowMs);
          }
          t.events[i]!.push(...client.takeEvents());
        });
        while (authority.advance(t.nowMs));
        for (const request of authority.drain()) {
          if (request.type === 'send' && !t.drop(request.bytes, 'down', request.to - 1)) {
            t.clients[request.to - 1]?.receive(0, request.bytes, t.nowMs);
          }
        }
        t.authorityEvents.push(...authority.takeEvents());
      }
    },
  };
  return t;
}
