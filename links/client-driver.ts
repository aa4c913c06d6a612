/**
 * Runs a `ClientSession` over a `ClientEnd`: hands over what arrived, asks for an input when one is due, performs what
 * the session asks for. It owns no timer; a page's worker, a swarm's loop or a host's own player calls `pump`.
 */
import type { ClientSession } from '../netcode/client-session.ts';
import { AUTHORITY, type Session, type SessionEvent } from '../netcode/session.ts';
import type { View } from '../netcode/view.ts';
import type { ClientEnd } from './client-end.ts';

/** What the session's setInput takes: buttons and aim. */
export type Decision = Parameters<ClientSession['setInput']>[0];
/** Plays for the participant: called right before an input is sampled. */
export type Decide = (view: View, nowMs: number) => Decision;

/** What a session has besides when somebody plays by it. */
export interface Played {
  readonly view: View | null;
  wantsInput(nowMs: number): boolean;
}

export interface ClientDriverOptions {
  session: ClientSession;
  end: ClientEnd;
  nowMs: () => number;
  decide?: Decide;
  /** Called per event, inside `pump` or right after a message. */
  onEvent?: (event: SessionEvent, nowMs: number) => void;
  /** Called once when the end closed; a new end may be given to `attach`. */
  onClose?: (reason: string) => void;
}

/** Ticks and inputs done in one pump at most; a driver that was asleep for longer lets the rest go by. */
const MAX_ADVANCES = 8;

/** Lets time pass for a session, and asks for each input right before it is sampled, if somebody plays by it. */
export function letPlay(session: Session & Partial<Played>, decide: Decide | undefined, nowMs: number): void {
  for (let done = 0; done < MAX_ADVANCES; done++) {
    const { view } = session;
    if (decide && view && view.tick >= 0 && session.wantsInput?.(nowMs)) session.setInput(decide(view, nowMs));
    if (!session.advance(nowMs)) break;
  }
}

export class ClientDriver {
  readonly session: ClientSession;
  decide: Decide | undefined;
  readonly #options: ClientDriverOptions;
  #end: ClientEnd;

  constructor(options: ClientDriverOptions) {
    this.session = options.session;
    this.decide = options.decide;
    this.#options = options;
    this.#end = options.end;
    this.attach(options.end);
  }

  get end(): ClientEnd {
    return this.#end;
  }

  /** Plays on over a new end: the session keeps its resume token and asks for its old seat. */
  attach(end: ClientEnd): void {
    const { nowMs, onClose } = this.#options;
    this.#end = end;
    end.onOpen = () => {
      this.session.linkChanged(AUTHORITY, 'up', nowMs());
      this.#perform();
    };
    end.onMessage = (bytes) => {
      this.session.receive(AUTHORITY, bytes, nowMs());
      this.#perform();
    };
    end.onClose = (reason) => {
      if (this.#end !== end) return;
      this.session.linkChanged(AUTHORITY, 'down', nowMs());
      this.#perform();
      onClose?.(reason);
    };
  }

  /** Lets time pass; returns when it next wants to be called (`nextDueMs` of the session). */
  pump(): number {
    letPlay(this.session, this.decide, this.#options.nowMs());
    this.#perform();
    return this.session.nextDueMs;
  }

  close(reason?: string): void {
    this.#end.close(reason);
  }

  #perform(): void {
    for (const request of this.session.drain()) {
      if (request.type === 'send') this.#end.send(request.channel, request.bytes);
      else if (request.type === 'disconnect') this.#end.close(request.reason);
    }
    const { onEvent, nowMs } = this.#options;
    const events = this.session.takeEvents();
    if (!onEvent || events.length === 0) return;
    const atMs = nowMs();
    for (const event of events) onEvent(event, atMs);
  }
}
