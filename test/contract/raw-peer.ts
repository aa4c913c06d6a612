/**
 * Somebody who is let into a room and links to its peers as everybody does, and then says to them what a test wants and
 * nothing else: what peers must bear from each other.
 */
import type { PlayingPeer } from '../../netcode/playing-peer.ts';
import { type PeerId, RENDEZVOUS, type Request } from '../../netcode/session.ts';

export class RawPeer<S extends PlayingPeer> {
  readonly heard: Uint8Array[] = [];
  readonly #said: Uint8Array[] = [];
  #session: S | null = null;

  /** Stands between the driver and a session. */
  wrap = (session: S): S => {
    this.#session = session;
    const methods: Record<string, unknown> = {
      drain: () => this.#drain(session),
      receive: (from: PeerId, bytes: Uint8Array, nowMs: number) => {
        if (from === RENDEZVOUS) session.receive(from, bytes, nowMs);
        else this.heard.push(new Uint8Array(bytes));
      },
    };
    return new Proxy(session, {
      get(target, name) {
        if (typeof name === 'string' && Object.hasOwn(methods, name)) return methods[name];
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
      set: (target, name, value) => Reflect.set(target, name, value, target),
    });
  };

  get isOpen(): boolean {
    return this.#linked.length > 0;
  }

  get #linked(): PeerId[] {
    return [...(this.#session?.peers.values() ?? [])].filter(({ link }) => link === 'up').map(({ id }) => id);
  }

  send(bytes: Uint8Array): void {
    this.#said.push(bytes);
  }

  #drain(session: S): Request[] {
    const requests = session.drain().filter(({ type, to }) => type !== 'send' || to === RENDEZVOUS);
    for (const bytes of this.#said.splice(0)) {
      for (const to of this.#linked) {
        requests.push({ type: 'send', to, channel: 'unreliable', bytes: new Uint8Array(bytes) });
      }
    }
    return requests;
  }
}
