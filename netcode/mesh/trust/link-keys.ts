/**
 * Proven links. When a link comes up both ends show a key and a fresh nonce, and each signs what both have shown; nothing
 * else is said or believed before that. A peer's key is bound when it is first seen, for its life in the match. With MACs,
 * everything on the link then carries a keyed hash over direction, number and bytes: the key is agreed by X25519 and
 * confirmed by the signatures, as in SIGMA (Krawczyk 2003).
 *
 * What this does not do: who stands in the middle when two meet for the first time, and can rewrite all that they say,
 * can play both. Only the rendezvous can, for pairs that it relays.
 */
import { expand16 } from '../../bytes.ts';
import { Kind } from '../../protocol.ts';
import type { PeerId } from '../../session.ts';
import { areEqual } from './crypto.ts';
import { pay, type TrustGround } from './ground.ts';
import {
  decodeHello,
  decodeProof,
  encodeHello,
  encodeProof,
  type LinkHello,
  MAC_BYTES,
  NONCE_BYTES,
  proofText,
  SEAL_BYTES,
  sealedText,
  secretText,
} from './link-codec.ts';
import { ReplayWindow } from './replay-window.ts';

/** A hello that was not answered is said again. */
const HELLO_EVERY_MS = 250;

interface LinkEnd {
  readonly own: LinkHello;
  theirs: LinkHello | null;
  isProven: boolean;
  helloDueMs: number;
  macKey: Uint8Array | null;
  /** Number of the next message that goes out. */
  sequence: number;
  window: ReplayWindow;
}

interface BoundKey {
  life: number;
  key: Uint8Array;
}

export class LinkKeys {
  readonly #ground: TrustGround;
  readonly #links = new Map<PeerId, LinkEnd>();
  readonly #bound = new Map<PeerId, BoundKey>();
  readonly #isGated: boolean;
  readonly #hasMacs: boolean;
  readonly #hasWindow: boolean;
  /** Called when an end has proven its key. */
  onProven: (peer: PeerId) => void = () => {};

  constructor(ground: TrustGround) {
    const { handshakes, macs, replayWindow } = ground.settings.defences;
    this.#ground = ground;
    this.#isGated = handshakes || macs;
    this.#hasMacs = macs;
    this.#hasWindow = replayWindow;
  }

  /** The key that a peer has proven to be its own; undefined while it has not. */
  keyOf(peer: PeerId): Uint8Array | undefined {
    return this.#bound.get(peer)?.key;
  }

  /** Whether a peer may be told things, and believed. */
  isTrusted(peer: PeerId): boolean {
    return !this.#isGated || this.#links.get(peer)?.isProven === true;
  }

  linkUp(peer: PeerId, nowMs: number): void {
    const { crypto } = this.#ground;
    const nonce = new Uint8Array(NONCE_BYTES);
    this.#ground.randomBytes(nonce);
    this.#links.set(peer, {
      own: { key: crypto!.publicKey, exchangeKey: crypto!.exchangeKey, nonce },
      theirs: null,
      isProven: false,
      helloDueMs: nowMs,
      macKey: null,
      sequence: 0,
      window: new ReplayWindow(),
    });
    this.advance(nowMs);
  }

  linkDown(peer: PeerId): void {
    this.#links.delete(peer);
  }

  /** Another match: nobody is known. */
  clear(): void {
    this.#links.clear();
    this.#bound.clear();
  }

  /** Repeats what was not answered. */
  advance(nowMs: number): void {
    for (const [peer, link] of this.#links) {
      if (link.isProven || nowMs < link.helloDueMs) continue;
      link.helloDueMs = nowMs + HELLO_EVERY_MS;
      this.#sayHello(peer, link);
    }
  }

  #sayHello(peer: PeerId, { own, theirs }: LinkEnd): void {
    pay(this.#ground, 'handshakes', peer, encodeHello(own, theirs === null));
  }

  hearHello(from: PeerId, bytes: Uint8Array): void {
    const { hello, lacksOurs } = decodeHello(bytes);
    const link = this.#links.get(from);
    if (!link) return;
    if (!link.theirs || !areEqual(link.theirs.nonce, hello.nonce)) {
      // The other end began anew: what it proved before was another link.
      link.theirs = hello;
      link.isProven = false;
      link.macKey = null;
      link.window = new ReplayWindow();
    }
    if (lacksOurs) this.#sayHello(from, link);
    const { crypto, line, self } = this.#ground;
    this.#ground.counters.costs.handshakes.calls++;
    const signature = crypto!.sign(proofText(line(), self(), link.own, from, link.theirs));
    pay(this.#ground, 'handshakes', from, encodeProof(signature));
  }

  hearProof(from: PeerId, bytes: Uint8Array): void {
    const signature = decodeProof(bytes);
    const link = this.#links.get(from);
    if (!link?.theirs || link.isProven) return;
    const { crypto, line, self, counters } = this.#ground;
    const { key, exchangeKey } = link.theirs;
    counters.costs.handshakes.calls++;
    const text = proofText(line(), from, link.theirs, self(), link.own);
    if (!crypto!.verify(key, text, signature) || !this.#bind(from, key)) {
      counters.badProofs++;
      return;
    }
    if (this.#hasMacs) {
      const secret = crypto!.agree(exchangeKey);
      if (!secret) {
        counters.badProofs++;
        return;
      }
      link.macKey = crypto!.mac(secret, secretText(line(), self(), link.own, from, link.theirs));
    }
    link.isProven = true;
    this.onProven(from);
  }

  /** Only a peer that was started anew may have another key. */
  #bind(peer: PeerId, key: Uint8Array): boolean {
    const life = this.#ground.lifeOf(peer);
    const bound = this.#bound.get(peer);
    if (bound && life <= bound.life) return areEqual(bound.key, key);
    this.#bound.set(peer, { life, key });
    return true;
  }

  /** A message as it goes out over a link; null where nothing may go out yet. */
  seal(to: PeerId, bytes: Uint8Array): Uint8Array | null {
    if (!this.#isGated || isIntroduction(bytes)) return bytes;
    const link = this.#links.get(to);
    const { counters, self } = this.#ground;
    if (!link?.isProven) {
      counters.unproven++;
      return null;
    }
    if (!this.#hasMacs) return bytes;
    const sequence = link.sequence++;
    const sealed = new Uint8Array(bytes.length + SEAL_BYTES);
    sealed.set(bytes);
    sealed[bytes.length] = sequence & 0xff;
    sealed[bytes.length + 1] = (sequence >>> 8) & 0xff;
    sealed.set(this.#macOf(link, self(), to, sequence, bytes), bytes.length + 2);
    counters.costs.macs.sentBytes += SEAL_BYTES;
    return sealed;
  }

  /** What a message that came over a link says; null when it is not to be believed. */
  open(from: PeerId, bytes: Uint8Array): Uint8Array | null {
    if (!this.#isGated || isIntroduction(bytes)) return bytes;
    const link = this.#links.get(from);
    const { counters, self } = this.#ground;
    if (!link?.isProven) {
      counters.unproven++;
      return null;
    }
    if (!this.#hasMacs) return bytes;
    const inner = bytes.length - SEAL_BYTES;
    if (inner < 2) {
      counters.badMacs++;
      return null;
    }
    const body = bytes.subarray(0, inner);
    const sequence = expand16(bytes[inner]! | (bytes[inner + 1]! << 8), Math.max(0, link.window.highest));
    const mac = this.#macOf(link, from, self(), sequence, body);
    if (sequence < 0 || !areEqual(mac, bytes.subarray(inner + 2))) {
      counters.badMacs++;
      return null;
    }
    if (!link.window.take(sequence) && this.#hasWindow) {
      counters.replayed++;
      return null;
    }
    return body;
  }

  #macOf(link: LinkEnd, from: PeerId, to: PeerId, sequence: number, bytes: Uint8Array): Uint8Array {
    this.#ground.counters.costs.macs.calls++;
    return this.#ground.crypto!.mac(link.macKey!, sealedText(from, to, sequence, bytes)).subarray(0, MAC_BYTES);
  }
}

/** What is said before anything is proven. */
function isIntroduction(bytes: Uint8Array): boolean {
  return bytes[1] === Kind.meshHello || bytes[1] === Kind.meshProof;
}
