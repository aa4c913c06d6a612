/** What one player of a world may see, as a view: for participants that hold the whole world themselves. */
import { Status, type World } from '../game/world.ts';
import { Interest } from './interest.ts';
import { reserveRows, type View } from './view.ts';

export class WorldViewer {
  readonly #world: World;
  readonly #interest: Interest;
  #sortedTick = -1;

  /** `reach`: 0 shows what lies within vision; each step doubles the radius. */
  constructor(world: World, reach = 0) {
    this.#world = world;
    this.#interest = new Interest(world, reach);
  }

  /** The world was set back: what was sorted for its tick is void. */
  invalidate(): void {
    this.#sortedTick = -1;
  }

  /** Fills `view` with what the player of a slot sees now. */
  fill(view: View, slot: number): void {
    const world = this.#world;
    const { players, shots, coins } = world;
    view.tick = world.match.tick[0]!;
    if (this.#sortedTick !== view.tick) this.#interest.update();
    this.#sortedTick = view.tick;
    this.#fillSelf(view, slot);
    const sight = this.#interest.look(slot);
    const { players: p, shots: s, coins: c } = view;
    reserveRows(p, sight.playerCount);
    p.count = sight.playerCount;
    for (let row = 0; row < p.count; row++) {
      const id = sight.playerIds[row]!;
      p.id[row] = id;
      p.x[row] = players.x[id]!;
      p.y[row] = players.y[id]!;
      p.aim[row] = players.aim[id]!;
      p.health[row] = players.health[id]!;
      p.shielded[row] = players.shield[id]! > 0 ? 1 : 0;
    }
    reserveRows(s, sight.shotCount);
    s.count = sight.shotCount;
    for (let row = 0; row < s.count; row++) {
      const id = sight.shotIds[row]!;
      s.id[row] = id;
      s.x[row] = shots.x[id]!;
      s.y[row] = shots.y[id]!;
      s.aim[row] = shots.aim[id]!;
    }
    reserveRows(c, sight.coinCount);
    c.count = sight.coinCount;
    for (let row = 0; row < c.count; row++) {
      const id = sight.coinIds[row]!;
      c.id[row] = id;
      c.x[row] = coins.x[id]!;
      c.y[row] = coins.y[id]!;
      c.amount[row] = coins.amount[id]!;
    }
  }

  #fillSelf({ self, tick }: View, slot: number): void {
    const { players } = this.#world;
    const status = players.status[slot]!;
    self.player = slot;
    self.alive = status === Status.alive;
    self.x = players.x[slot]!;
    self.y = players.y[slot]!;
    self.health = players.health[slot]!;
    self.shield = players.shield[slot]!;
    self.coins = players.coins[slot]!;
    self.score = players.score[slot]!;
    self.kills = players.kills[slot]!;
    self.deaths = players.deaths[slot]!;
    const untilTick = status === Status.alive ? players.readyTick[slot]! : players.spawnTick[slot]!;
    self.waitTicks = Math.max(0, untilTick - tick);
    self.purchaseKey = players.purchaseKey[slot]!;
  }
}
