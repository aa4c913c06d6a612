/**
 * What must have happened between two frames, read off two views: nobody tells a client "you were hit", it sees its health
 * drop. Guesses are made only where a view leaves one explanation: something that vanishes well inside the circle of
 * vision was taken, hit or killed, whatever vanishes at its edge may just have left.
 */
import { COIN_RADIUS, PLAYER_RADIUS, SUBUNITS, VISION_RADIUS } from '../../game/constants.ts';
import type { SelfView, View } from '../../netcode/view.ts';

/** A player moves 9 units a tick and views come several ticks apart: within this of the edge nothing is concluded. */
const EDGE = 48 * SUBUNITS;
/** How far a finder may be drawn from its coin, and a victim from the shot's last place, when the view changes. */
const COIN_REACH = PLAYER_RADIUS + COIN_RADIUS + 14 * SUBUNITS;
const SHOT_REACH = PLAYER_RADIUS + 28 * SUBUNITS;

/** True well inside the circle of vision, where a thing that is gone did not just walk out of sight. */
export function wellInside(self: SelfView, x: number, y: number): boolean {
  const dx = x - self.x;
  const dy = y - self.y;
  const reach = VISION_RADIUS - EDGE;
  return dx * dx + dy * dy <= reach * reach;
}

/** Row of the player next to a place, −1 when oneself is, −2 when nobody is within `reach` sub-units. */
function nearest(view: View, x: number, y: number, reach: number): number {
  let best = -2;
  let bestSquared = reach * reach;
  const consider = (row: number, px: number, py: number) => {
    const squared = (px - x) * (px - x) + (py - y) * (py - y);
    if (squared > bestSquared) return;
    best = row;
    bestSquared = squared;
  };
  if (view.self.alive) consider(-1, view.self.x, view.self.y);
  for (let row = 0; row < view.players.count; row++) consider(row, view.players.x[row]!, view.players.y[row]!);
  return best;
}

/** True when a coin that is gone from (x, y) was picked up by somebody in view. */
export function wasPickedUp(view: View, x: number, y: number): boolean {
  return nearest(view, x, y, COIN_REACH) !== -2;
}

/** True when a shot that is gone from (x, y) met a player. */
export function hasMetPlayer(view: View, x: number, y: number): boolean {
  return nearest(view, x, y, SHOT_REACH) !== -2;
}

/** What changed about oneself since the last frame. */
export interface SelfChanges {
  /** Points of health and shield lost. */
  damage: number;
  coins: number;
  kills: number;
  score: number;
  died: boolean;
  returned: boolean;
  shieldGained: boolean;
}

/** Compares oneself with the frame before, and remembers; the same object is handed out each time. */
export class SelfWatch {
  #known = false;
  #alive = false;
  #health = 0;
  #shield = 0;
  #coins = 0;
  #kills = 0;
  #score = 0;
  readonly #changes: SelfChanges = {
    damage: 0,
    coins: 0,
    kills: 0,
    score: 0,
    died: false,
    returned: false,
    shieldGained: false,
  };

  /** What was before says nothing about what comes. */
  forget(): void {
    this.#known = false;
  }

  compare(self: SelfView): SelfChanges {
    const changes = this.#changes;
    const wasAlive = this.#alive;
    changes.damage = this.#known && wasAlive ? Math.max(0, this.#health + this.#shield - self.health - self.shield) : 0;
    changes.coins = this.#known ? self.coins - this.#coins : 0;
    changes.kills = this.#known ? self.kills - this.#kills : 0;
    changes.score = this.#known ? self.score - this.#score : 0;
    changes.died = this.#known && wasAlive && !self.alive;
    changes.returned = self.alive && !wasAlive;
    changes.shieldGained = this.#known && self.shield > this.#shield;
    this.#known = true;
    this.#alive = self.alive;
    this.#health = self.health;
    this.#shield = self.shield;
    this.#coins = self.coins;
    this.#kills = self.kills;
    this.#score = self.score;
    return changes;
  }
}
