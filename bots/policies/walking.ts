/**
 * Getting somewhere in an arena with obstacles. A walker looks one step ahead along the eight directions, nearest to the
 * wanted one first, and keeps to the side by which it began to go around something; when it has not moved although it
 * wanted to, it goes a random way for a moment. That is enough here: obstacles are short and never close a pocket.
 */
import { isBlocked } from '../../game/arena.ts';
import { PLAYER_RADIUS, SUBUNITS } from '../../game/constants.ts';
import { aimAlong, cosine, SINE_ONE, sine } from '../../game/fixed-point.ts';
import { Button } from '../../game/input.ts';
import type { Random } from '../../game/random.ts';
import type { View } from '../../netcode/view.ts';

/** Buttons of the eight directions, clockwise from +x. */
const DIRECTIONS = [
  Button.right,
  Button.right | Button.down,
  Button.down,
  Button.down | Button.left,
  Button.left,
  Button.left | Button.up,
  Button.up,
  Button.up | Button.right,
] as const;

/** A bot that decides five times a second walks 36 units meanwhile. */
const LOOK_AHEAD = 40 * SUBUNITS;
const DETOUR_DECISIONS = 4;
const PLACES_PER_CROWD = 8;
const ARRIVED = 24 * SUBUNITS;

export class Walker {
  readonly #random: Random;
  /** +1 or −1: the side by which it goes around things. */
  #side = 1;
  #detour = 0;
  #detourDirection = 0;
  #lastX = -1;
  #lastY = -1;
  #lastTick = -1;
  #isWalking = false;

  constructor(random: Random) {
    this.#random = random;
    this.#side = random.below(2) === 0 ? 1 : -1;
  }

  /** Buttons that lead along (dx, dy) and around what is in the way; 0 for the zero vector. */
  along(view: View, dx: number, dy: number): number {
    if (dx === 0 && dy === 0) {
      this.#isWalking = false;
      return 0;
    }
    if (this.#isStuck(view)) {
      this.#side = -this.#side;
      this.#detour = DETOUR_DECISIONS;
      this.#detourDirection = this.#random.below(8);
    }
    const wanted = this.#detour > 0 ? this.#detourDirection : ((aimAlong(dx, dy) + 256) >> 9) & 7;
    if (this.#detour > 0) this.#detour--;
    this.#isWalking = true;
    for (let turn = 0; turn <= 4; turn++) {
      const near = (wanted + turn * this.#side) & 7;
      if (this.#isFree(view, near)) return DIRECTIONS[near]!;
      const far = (wanted - turn * this.#side) & 7;
      if (turn > 0 && this.#isFree(view, far)) {
        this.#side = -this.#side;
        return DIRECTIONS[far]!;
      }
    }
    return DIRECTIONS[wanted]!;
  }

  /** The same towards a place; 0 when it is reached. */
  towards(view: View, x: number, y: number): number {
    const dx = x - view.self.x;
    const dy = y - view.self.y;
    if (Math.abs(dx) < 4 * SUBUNITS && Math.abs(dy) < 4 * SUBUNITS) return this.along(view, 0, 0);
    return this.along(view, dx, dy);
  }

  #isFree(view: View, direction: number): boolean {
    const { self, arena } = view;
    for (let part = 0.5; part <= 1; part += 0.5) {
      const x = Math.round(self.x + (cosine(direction << 9) / SINE_ONE) * LOOK_AHEAD * part);
      const y = Math.round(self.y + (sine(direction << 9) / SINE_ONE) * LOOK_AHEAD * part);
      if (isBlocked(arena, x, y, PLAYER_RADIUS)) return false;
    }
    return true;
  }

  /** Whether it stands although it walked: for at least a tenth of a second, so that the view had time to show it. */
  #isStuck(view: View): boolean {
    const { self, tick } = view;
    if (tick - this.#lastTick < view.arena.rules.tickRateHz / 5) return false;
    const stands = this.#isWalking && this.#lastX === self.x && this.#lastY === self.y;
    this.#lastTick = tick;
    this.#lastX = self.x;
    this.#lastY = self.y;
    return stands;
  }
}

/** Chooses places to go to, one after the other: near by, or at hot spots by their weight where there are any. */
export class Rambler {
  readonly #random: Random;
  #x = -1;
  #y = -1;
  #untilTick = -1;
  #spot: { x: number; y: number } | null = null;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Buttons that lead to the current place; chooses another when it is reached or has taken too long. */
  buttons(view: View, walker: Walker): number {
    const { self, tick } = view;
    const arrived = Math.abs(this.#x - self.x) < ARRIVED && Math.abs(this.#y - self.y) < ARRIVED;
    if (arrived || tick >= this.#untilTick) this.#choose(view);
    return walker.along(view, this.#x - self.x, this.#y - self.y);
  }

  /** The aim along the way. */
  aim(view: View): number {
    return aimAlong(this.#x - view.self.x, this.#y - view.self.y);
  }

  #choose(view: View): void {
    const { arena, self } = view;
    const random = this.#random;
    // It stays in one crowd for a while before it goes to the next.
    if (!this.#spot || random.below(PLACES_PER_CROWD) === 0) this.#spot = drawSpot(view, random);
    const spot = this.#spot;
    const fromX = spot ? spot.x : self.x;
    const fromY = spot ? spot.y : self.y;
    // Around a hot spot as far as its crowd reaches; else far enough to meet other people.
    const reach = (spot ? 260 : 900) * SUBUNITS;
    const direction = random.below(4096);
    const distance = random.below(reach);
    const inside = (place: number) =>
      Math.round(Math.min(Math.max(place, PLAYER_RADIUS), arena.size - PLAYER_RADIUS - 1));
    this.#x = inside(fromX + (distance * cosine(direction)) / SINE_ONE);
    this.#y = inside(fromY + (distance * sine(direction)) / SINE_ONE);
    const ways = Math.abs(this.#x - self.x) + Math.abs(this.#y - self.y);
    this.#untilTick = view.tick + Math.round((1.5 * ways) / arena.rules.playerStep) + 2 * arena.rules.tickRateHz;
  }
}

function drawSpot(view: View, random: Random): { x: number; y: number } | null {
  const { hotSpots } = view.arena;
  let total = 0;
  for (const spot of hotSpots) total += spot.weight;
  let left = total > 0 ? random.below(total) : 0;
  for (const spot of hotSpots) {
    left -= spot.weight;
    if (left < 0) return spot;
  }
  return null;
}
