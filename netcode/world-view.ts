/** What one player of a world may see, as a view: for participants that hold the whole world themselves. */
import { Status, type World } from '../game/world.ts';
import { Interest } from './interest.ts';
import { type CoinColumns, type PlayerColumns, reserveRows, type ShotColumns, type View } from './view.ts';

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
    reserveRows(view.players, sight.playerCount);
    view.players.count = sight.playerCount;
    for (let row = 0; row < sight.playerCount; row++) showPlayer(view.players, row, players, sight.playerIds[row]!);
    reserveRows(view.shots, sight.shotCount);
    view.shots.count = sight.shotCount;
    for (let row = 0; row < sight.shotCount; row++) showShot(view.shots, row, shots, sight.shotIds[row]!);
    reserveRows(view.coins, sight.coinCount);
    view.coins.count = sight.coinCount;
    for (let row = 0; row < sight.coinCount; row++) showCoin(view.coins, row, coins, sight.coinIds[row]!);
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

/** Writes into a row of a view what a world's player looks like to others. There must be room for the row. */
export function showPlayer(rows: PlayerColumns, row: number, players: World['players'], id: number): void {
  rows.id[row] = id;
  rows.x[row] = players.x[id]!;
  rows.y[row] = players.y[id]!;
  rows.aim[row] = players.aim[id]!;
  rows.health[row] = players.health[id]!;
  rows.shielded[row] = players.shield[id]! > 0 ? 1 : 0;
}

/** The same for a shot. */
export function showShot(rows: ShotColumns, row: number, shots: World['shots'], id: number): void {
  rows.id[row] = id;
  rows.x[row] = shots.x[id]!;
  rows.y[row] = shots.y[id]!;
  rows.aim[row] = shots.aim[id]!;
}

/** The same for a coin. */
export function showCoin(rows: CoinColumns, row: number, coins: World['coins'], id: number): void {
  rows.id[row] = id;
  rows.x[row] = coins.x[id]!;
  rows.y[row] = coins.y[id]!;
  rows.amount[row] = coins.amount[id]!;
}
