/**
 * What a peer of a mesh says over its links, as a cheat changes it on its way out. Messages are taken out of what seals and
 * repeats them, changed, and sealed again by the session itself: the cheater has its own keys, and nobody else's.
 */

import { encodeBundle, messagesIn } from '../../../netcode/mesh/bundle.ts';
import type { MeshSession } from '../../../netcode/mesh/mesh-session.ts';
import { NO_TILE } from '../../../netcode/mesh/other.ts';
import { encodeMesh } from '../../../netcode/mesh/peer-codec.ts';
import { SEAL_BYTES } from '../../../netcode/mesh/trust/link-codec.ts';
import { decodeMessage, encodeMessage } from '../../../netcode/messages.ts';
import { Kind } from '../../../netcode/protocol.ts';
import { type PeerId, RENDEZVOUS, type Request } from '../../../netcode/session.ts';

/** What becomes of a message to a peer: the same bytes, others, or null for nothing. */
export type Change = (to: PeerId, bytes: Uint8Array) => Uint8Array | null;

/** What is said where something reliable must be said, and nothing is. */
const nothing = () => encodeMesh({ type: 'meshPing', tile: NO_TILE, timeMs: 0, echoMs: 0, heldMs: 255 });

export class Outgoing {
  readonly #honest: MeshSession;
  readonly #more: Request[] = [];

  constructor(honest: MeshSession) {
    this.#honest = honest;
  }

  /** Says something of its own; it may be lost. */
  say(to: PeerId, bytes: Uint8Array): void {
    const sealed = this.#seal(to, bytes);
    if (sealed) this.#more.push({ type: 'send', to, channel: 'unreliable', bytes: sealed });
  }

  /** For `drain`: what the session asks for, changed, and what was said besides. */
  drain(change: Change = (_, bytes) => bytes): Request[] {
    const requests = this.#honest.drain().flatMap((request): Request[] => {
      if (request.type !== 'send' || request.to === RENDEZVOUS) return [request];
      const plain = this.#opened(request.bytes);
      const changed = this.#changed(request.to, plain, change);
      if (changed === plain) return [request];
      const sealed = changed && this.#seal(request.to, changed);
      return sealed ? [{ ...request, bytes: sealed }] : [];
    });
    return [...requests, ...this.#more.splice(0)];
  }

  #changed(to: PeerId, bytes: Uint8Array, change: Change): Uint8Array | null {
    if (bytes[1] === Kind.meshBundle) {
      const messages = messagesIn(bytes);
      const changed = messages.map((message) => this.#changed(to, message, change));
      if (changed.every((message, i) => message === messages[i])) return bytes;
      const left = changed.filter((message) => message !== null);
      return left.length === 0 ? null : encodeBundle(left);
    }
    if (bytes[1] !== Kind.reliable) return change(to, bytes);
    const message = decodeMessage(bytes);
    if (message.type !== 'reliable') return bytes;
    const inner = change(to, message.inner);
    return inner === message.inner ? bytes : encodeMessage({ ...message, inner: inner ?? nothing() });
  }

  get #isSealing(): boolean {
    return this.#honest.settings?.defences.macs === true;
  }

  #opened(bytes: Uint8Array): Uint8Array {
    const isIntroduction = bytes[1] === Kind.meshHello || bytes[1] === Kind.meshProof;
    return this.#isSealing && !isIntroduction ? bytes.subarray(0, bytes.length - SEAL_BYTES) : bytes;
  }

  #seal(to: PeerId, bytes: Uint8Array): Uint8Array | null {
    const { trust } = this.#honest;
    return trust ? trust.seal(to, bytes) : bytes;
  }
}
