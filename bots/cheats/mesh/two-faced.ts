/**
 * Two faces: half of the neighbours, those with an odd number, hear of an avatar that walks the mirror image of its way, and
 * fires from there. Each story keeps the rules by itself, and each is signed for, so that only who compares the two finds
 * anything wrong.
 */

import { SUBUNITS } from '../../../game/constants.ts';
import { Button, buttonsTowards } from '../../../game/input.ts';
import { movePlayer } from '../../../game/step.ts';
import type { MeshSession } from '../../../netcode/mesh/mesh-session.ts';
import { type AvatarState, decodeState, encodeState } from '../../../netcode/mesh/state-codec.ts';
import {
  decodeHead,
  encodeHead,
  headText,
  type MeshHead,
  PREVIOUS_BYTES,
  shortHash,
} from '../../../netcode/mesh/trust/head-codec.ts';
import { waypointTicks } from '../../../netcode/mesh/trust/waypoints.ts';
import { Kind } from '../../../netcode/protocol.ts';
import type { PeerId } from '../../../netcode/session.ts';
import { type CheatNotes, noteAttempt } from '../cheat.ts';
import { Outgoing } from './outgoing.ts';
import { type Own, ownTicks } from './owner.ts';

/** The two avatars are no farther apart: whoever sees the one must believe to see the other. */
const FARTHEST = 120 * SUBUNITS;
/** Ticks of the other way that are kept: longer than any shot flies, and than a head takes. */
const KEPT_TICKS = 256;

const isLiedTo = (peer: PeerId) => peer % 2 === 1;

interface Step {
  x: number;
  y: number;
  buttons: number;
}

/** The other story: where the avatar is in it, by tick, and what was told of it. */
class OtherStory {
  readonly #body = { x: new Int32Array(1), y: new Int32Array(1) };
  readonly #last = { x: 0, y: 0 };
  readonly #steps = new Map<number, Step>();
  readonly #hashes = new Map<number, number>();
  readonly #heads = new Map<number, Uint8Array>();
  #previous: Uint8Array = new Uint8Array(PREVIOUS_BYTES);
  #isApart = false;

  /** After an own tick: the mirror image of its step, or back towards where it is. */
  follow({ world, slot, tick, isAlive }: Own): void {
    const { players, arena } = world;
    const { x, y } = { x: players.x[slot]!, y: players.y[slot]! };
    const [dx, dy] = [x - this.#last.x, y - this.#last.y];
    this.#last.x = x;
    this.#last.y = y;
    const hasWalked = Math.abs(dx) <= arena.rules.playerStep && Math.abs(dy) <= arena.rules.playerStep;
    if (!isAlive || !hasWalked) {
      this.#isApart = false;
      this.#body.x[0] = x;
      this.#body.y[0] = y;
      return;
    }
    const [backX, backY] = [x - this.#body.x[0]!, y - this.#body.y[0]!];
    const isFar = backX * backX + backY * backY > FARTHEST * FARTHEST;
    const buttons = isFar ? buttonsTowards(backX, backY) : buttonsTowards(-dx, dy);
    movePlayer(this.#body, 0, buttons, arena);
    this.#isApart = true;
    this.#steps.set(tick, { x: this.#body.x[0]!, y: this.#body.y[0]!, buttons });
    this.#steps.delete(tick - KEPT_TICKS);
    this.#hashes.delete(tick - KEPT_TICKS);
  }

  /** A state as it is told in this story; null where both tell the same. */
  state(bytes: Uint8Array, { arena, options }: MeshSession): Uint8Array | null {
    const told = decodeState(bytes, arena!.size);
    const step = this.#isApart ? this.#steps.get(told.tick) : undefined;
    if (!step || !told.isAlive) return null;
    const moving = Button.up | Button.down | Button.left | Button.right;
    const shots = told.shots.map((shot) => ({ ...shot, ...this.#placeAt(told.tick - shot.ageTicks, shot) }));
    const { x, y } = step;
    const other: AvatarState = { ...told, x, y, shots, buttons: (told.buttons & ~moving) | step.buttons };
    const lie = encodeState(other);
    if (options.crypto) this.#hashes.set(told.tick, shortHash(options.crypto.hash(lie)));
    return lie;
  }

  #placeAt(tick: number, { x, y }: { x: number; y: number }): { x: number; y: number } {
    const step = this.#steps.get(tick);
    return step ? { x: step.x, y: step.y } : { x, y };
  }

  /** The head of a second, signed for what was told in this story. */
  head(honest: MeshSession, bytes: Uint8Array): Uint8Array {
    const rate = honest.settings!.config.tickRateHz;
    const { signature: _, ...honestHead } = decodeHead(bytes, rate);
    const known = this.#heads.get(honestHead.tick);
    if (known) return known;
    const hashes = honestHead.hashes.map((hash, i) => this.#hashes.get(honestHead.tick - rate + 1 + i) ?? hash);
    const ticks = waypointTicks(honestHead.tick, rate);
    const places = honestHead.places.map((place, i) => this.#placeAt(ticks[i]!, place));
    const head: Omit<MeshHead, 'signature'> = { ...honestHead, previous: this.#previous, hashes, places };
    const { hash, sign } = honest.options.crypto!;
    const text = headText(honest.epoch!.line, honest.self, head);
    this.#previous = hash(text).subarray(0, PREVIOUS_BYTES);
    const signed = encodeHead({ ...head, signature: sign(text) });
    this.#heads.set(honestHead.tick, signed);
    this.#heads.delete(honestHead.tick - KEPT_TICKS);
    return signed;
  }
}

/** The members that make an honest session two-faced. It tries with each second in which the stories differ. */
export function beTwoFaced(honest: MeshSession, notes: CheatNotes): Partial<MeshSession> {
  const outgoing = new Outgoing(honest);
  const story = new OtherStory();
  let nowMs = 0;
  let triedMs = Number.NEGATIVE_INFINITY;
  const members = ownTicks(honest, (own) => {
    nowMs = own.nowMs;
    story.follow(own);
  });
  const told = (to: PeerId, bytes: Uint8Array): Uint8Array => {
    if (!isLiedTo(to)) return bytes;
    if (bytes[1] === Kind.meshHead) return story.head(honest, bytes);
    if (bytes[1] !== Kind.meshState) return bytes;
    const lie = story.state(bytes, honest);
    if (!lie) return bytes;
    if (nowMs - triedMs >= 1000) {
      triedMs = nowMs;
      noteAttempt(notes, nowMs);
    }
    return lie;
  };
  return Object.assign(members, { drain: () => outgoing.drain(told) });
}
