/**
 * The player who hosts: a client session like everybody's, joined to the authority by a loopback instead of a data
 * channel. What advantage that is (no round trip) is for the measures to say.
 */
import type { AuthorityDriver } from '../links/authority-driver.ts';
import { ClientDriver, type ClientDriverOptions, type Decide } from '../links/client-driver.ts';
import { openLoopbackEnd } from '../links/loopback.ts';
import { ClientSession } from '../netcode/client-session.ts';

export interface OwnPlayerOptions {
  name: string;
  inputRateHz: number;
  /** Predict, as a full client. */
  prediction: boolean;
  /** Plays; without it the player stands still. */
  decide?: Decide;
  onEvent?: ClientDriverOptions['onEvent'];
}

/** Pumped at least this often, because a message may make something due that was not. */
const MAX_SLEEP_MS = 20;

export class OwnPlayer {
  readonly client: ClientDriver;
  readonly #driver: AuthorityDriver;
  #cancel: (() => void) | null = null;

  constructor(driver: AuthorityDriver, { name, inputRateHz, prediction, decide, onEvent }: OwnPlayerOptions) {
    this.#driver = driver;
    const { timer, session } = driver;
    const { transport } = session.options;
    this.client = new ClientDriver({
      session: new ClientSession({ name, transport, inputRateHz, prediction }, timer.nowMs()),
      end: openLoopbackEnd(driver, transport),
      nowMs: () => timer.nowMs(),
      decide,
      onEvent,
    });
    this.#loop();
  }

  #loop(): void {
    const nextMs = Math.min(this.client.pump(), this.#driver.timer.nowMs() + MAX_SLEEP_MS);
    this.#cancel = this.#driver.timer.callAt(nextMs, () => this.#loop());
  }

  stop(): void {
    this.#cancel?.();
    this.client.close();
  }
}
