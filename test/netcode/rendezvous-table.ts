import { Random } from '../../game/random.ts';
import { Outbox } from '../../netcode/outbox.ts';
import { RendezvousClient, type RendezvousClientOptions } from '../../netcode/rendezvous-client.ts';
import { DEFAULT_RENDEZVOUS, type RendezvousOptions, RendezvousSession } from '../../netcode/rendezvous-session.ts';
import type { SessionEvent } from '../../netcode/session.ts';

/** A participant as a peer session would hold it, with what came to it. */
export interface Guest {
  client: RendezvousClient;
  events: SessionEvent[];
  carried: { from: number; text: string }[];
  /** Its newest link as the rendezvous knows it; 0 while it is down. */
  link: number;
  /** A frozen guest neither receives nor sends, like a process that was stopped. */
  isFrozen: boolean;
  outbox: Outbox;
}

export interface Table {
  session: RendezvousSession;
  events: SessionEvent[];
  nowMs: number;
  /** True for messages that are to be lost; `link` is whose. */
  drop: (bytes: Uint8Array, way: 'up' | 'down', link: number) => boolean;
  guest(options?: Partial<RendezvousClientOptions>): Guest;
  connect(guest: Guest): void;
  /** Breaks a guest's link; the rendezvous notices only if it is told. */
  cut(guest: Guest, isNoticed?: boolean): void;
  /** Lets time pass for all, in steps of 5 ms, and delivers what they send at once, unless `drop` says otherwise. */
  run(ms: number): void;
  /** Runs until it is so; throws when it is not within ten seconds, unless another limit is given. */
  until(isSo: () => boolean, limitMs?: number): void;
  /** The rendezvous is started anew, and everybody's link comes up again. */
  restart(): void;
}

export const MAIN = { code: 'MAIN', settings: Uint8Array.of(7, 8), maxPeers: 8 };
export const bytesOf = (text: string) => new TextEncoder().encode(text);

const random = new Random(5, 7);
function randomBytes(into: Uint8Array): void {
  for (let i = 0; i < into.length; i++) into[i] = random.below(256);
}

export function table(options: Partial<RendezvousOptions> = {}): Table {
  const guests: Guest[] = [];
  let links = 100;
  const create = (nowMs: number) =>
    new RendezvousSession(
      {
        ...DEFAULT_RENDEZVOUS,
        transport: 'datagram',
        rooms: [MAIN],
        randomBytes,
        ...options,
      },
      nowMs,
    );
  const t: Table = {
    session: create(0),
    events: [],
    nowMs: 0,
    drop: () => false,
    guest(clientOptions = {}) {
      const outbox = new Outbox({ sentMessages: 0, sentBytes: 0 });
      const room = clientOptions.create ? null : 'MAIN';
      const client = new RendezvousClient(
        { transport: t.session.options.transport, name: 'Ada', room, create: null, ...clientOptions },
        outbox,
        t.nowMs,
      );
      const guest: Guest = { client, events: [], carried: [], link: 0, isFrozen: false, outbox };
      guests.push(guest);
      t.connect(guest);
      return guest;
    },
    connect(guest) {
      guest.link = ++links;
      t.session.linkChanged(guest.link, 'up', t.nowMs);
      guest.client.linkChanged('up', t.nowMs);
    },
    cut(guest, isNoticed = true) {
      if (isNoticed) t.session.linkChanged(guest.link, 'down', t.nowMs);
      guest.link = 0;
      guest.client.linkChanged('down', t.nowMs);
    },
    run(ms) {
      for (const end = t.nowMs + ms; t.nowMs < end; t.nowMs += 5) step(t, guests);
    },
    until(isSo, limitMs = 10_000) {
      for (const end = t.nowMs + limitMs; !isSo(); t.nowMs += 5) {
        if (t.nowMs >= end) throw new Error(`not within ${limitMs} ms`);
        step(t, guests);
      }
    },
    restart() {
      t.session = create(t.nowMs);
      for (const guest of guests) {
        guest.client.linkChanged('down', t.nowMs);
        t.connect(guest);
      }
    },
  };
  return t;
}

function step(t: Table, guests: Guest[]): void {
  for (const guest of guests) {
    if (guest.isFrozen) continue;
    guest.client.advance(t.nowMs);
    for (const request of guest.outbox.drain()) {
      const { link } = guest;
      if (request.type === 'send' && link > 0 && !t.drop(request.bytes, 'up', link))
        t.session.receive(link, request.bytes, t.nowMs);
      else if (request.type === 'disconnect') t.cut(guest);
    }
  }
  t.session.advance(t.nowMs);
  for (const request of t.session.drain()) {
    const guest = guests.find(({ link }) => link === request.to);
    if (request.type === 'disconnect') {
      t.session.linkChanged(request.to, 'down', t.nowMs);
      if (guest) t.cut(guest);
    } else if (request.type === 'send' && guest && !guest.isFrozen && !t.drop(request.bytes, 'down', request.to)) {
      const carried = guest.client.receive(request.bytes, t.nowMs);
      if (carried) guest.carried.push({ from: carried.from, text: new TextDecoder().decode(carried.bytes) });
    }
  }
  for (const guest of guests) guest.events.push(...guest.outbox.takeEvents());
  t.events.push(...t.session.takeEvents());
}

export const signalsOf = (guest: Guest) =>
  guest.events.flatMap((event) => (event.type === 'signal' ? [`${event.peer}: ${event.payload}`] : []));

export const typesOf = (guest: Guest) => guest.events.map((event) => event.type);
