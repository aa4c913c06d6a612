/** What a session wants done and what it has to tell, until its driver asks. */
import type { Channel, PeerId, Request, SessionEvent } from './session.ts';

/** Most messages ask for nothing and tell nothing: then nothing is allocated. */
const NO_REQUESTS: readonly Request[] = [];
const NO_EVENTS: readonly SessionEvent[] = [];

export class Outbox {
  readonly #counters: { sentMessages: number; sentBytes: number };
  readonly #sent: (bytes: Uint8Array) => void;
  #requests: Request[] = [];
  #events: SessionEvent[] = [];

  /** `counters`: where what is sent is added up. `sent`: is shown each message that goes out. */
  constructor(counters: { sentMessages: number; sentBytes: number }, sent: (bytes: Uint8Array) => void = () => {}) {
    this.#counters = counters;
    this.#sent = sent;
  }

  send(to: PeerId, channel: Channel, bytes: Uint8Array): void {
    this.#counters.sentMessages++;
    this.#counters.sentBytes += bytes.length;
    this.#sent(bytes);
    this.#requests.push({ type: 'send', to, channel, bytes });
  }

  connect(to: PeerId): void {
    this.#requests.push({ type: 'connect', to });
  }

  disconnect(to: PeerId, reason: string): void {
    this.#requests.push({ type: 'disconnect', to, reason });
  }

  tell(event: SessionEvent): void {
    this.#events.push(event);
  }

  drain(): readonly Request[] {
    if (this.#requests.length === 0) return NO_REQUESTS;
    const requests = this.#requests;
    this.#requests = [];
    return requests;
  }

  takeEvents(): readonly SessionEvent[] {
    if (this.#events.length === 0) return NO_EVENTS;
    const events = this.#events;
    this.#events = [];
    return events;
  }
}
