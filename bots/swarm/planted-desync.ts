/**
 * A planted fault (`--inject desync` where peers simulate): in the middle of the measured time one bit of one peer's world
 * is another than the rules made it. The peers must notice, and name section, entity and field.
 */
import { Status, type World } from '../../game/world.ts';

export class PlantedDesync {
  #atMs = Number.POSITIVE_INFINITY;

  plantAt(atMs: number): void {
    this.#atMs = atMs;
  }

  /**
   * Called with the world after each final tick, until a difference was found. Checksums are compared once a second; the
   * bit is flipped right before, because a wall or a death may make worlds agree again.
   */
  confirmed(world: World, tick: number, nowMs: number): void {
    const { tickRateHz } = world.arena.config;
    if (nowMs < this.#atMs || tick % tickRateHz !== tickRateHz - 1) return;
    const { status, x } = world.players;
    const player = status.indexOf(Status.alive);
    if (player < 0) return;
    x[player]! ^= 1;
    this.#atMs = nowMs + 2 * 1000;
  }
}
