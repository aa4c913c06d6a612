/**
 * An end that reaches an authority in the same process: how a host plays on its own machine. Messages cross in a later
 * microtask, as on any other link, so that neither side is called back while it is still calling.
 */
import type { PeerId, Transport } from '../netcode/session.ts';
import type { AuthorityDriver } from './authority-driver.ts';
import { BaseEnd } from './client-end.ts';

class LoopbackEnd extends BaseEnd {
  readonly transport: Transport;
  readonly bufferedBytes = 0;
  readonly #driver: AuthorityDriver;
  #peer: PeerId = -1;

  constructor(driver: AuthorityDriver, transport: Transport) {
    super();
    this.#driver = driver;
    this.transport = transport;
    queueMicrotask(() => this.#connect());
  }

  #connect(): void {
    if (this.state === 'closed') return;
    this.#peer = this.#driver.peerUp({
      send: (bytes) => {
        queueMicrotask(() => this.received(bytes));
        return true;
      },
      close: (reason) => queueMicrotask(() => this.close(reason)),
    });
    this.opened();
  }

  protected transmit(bytes: Uint8Array): void {
    queueMicrotask(() => this.#driver.receive(this.#peer, bytes));
  }

  protected release(): void {
    if (this.#peer !== -1) this.#driver.peerDown(this.#peer);
  }
}

/** Joins the authority that `driver` runs; give the transport its session was made for. */
export function openLoopbackEnd(driver: AuthorityDriver, transport: Transport): BaseEnd {
  return new LoopbackEnd(driver, transport);
}
