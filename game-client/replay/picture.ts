/** What is shown of a film's world: what one player saw, or everything from above; in between two ticks. */
import { SHOTS_PER_PLAYER } from '../../game/constants.ts';
import { Status } from '../../game/world.ts';
import { createView, reserveRows, type View } from '../../netcode/view.ts';
import { showCoin, showPlayer, showShot, WorldViewer } from '../../netcode/world-view.ts';
import type { Film } from './film.ts';

/** Whoever moved farther within a tick was put somewhere else: it is not drawn in between. */
const TELEPORT = 96 * 256;

export class Picture {
  readonly view: View;
  readonly #film: Film;
  readonly #viewer: WorldViewer;

  constructor(film: Film) {
    this.#film = film;
    this.#viewer = new WorldViewer(film.world);
    this.view = createView(film.world.arena);
  }

  /** Whether a slot has a player now. */
  has(slot: number): boolean {
    const { status } = this.#film.world.players;
    return slot >= 0 && slot < status.length && status[slot] !== Status.empty;
  }

  /** As a player of a slot saw it, `share` of the way from the tick before to this one. */
  ofPlayer(slot: number, share: number): View {
    const { view } = this;
    const { x, y } = this.#film.before;
    this.#viewer.invalidate();
    this.#viewer.fill(view, slot);
    view.self.x = between(x[slot]!, view.self.x, share);
    view.self.y = between(y[slot]!, view.self.y, share);
    this.#moveBack(share);
    return view;
  }

  /** All of the arena, with its middle `raised` sub-units above that of the window; nobody is oneself. */
  fromAbove(share: number, raised: number): View {
    const { view } = this;
    const { world } = this.#film;
    const { arena, players, shots, coins, match } = world;
    view.tick = match.tick[0]!;
    // A slot that nobody can have.
    view.self = {
      ...view.self,
      player: arena.capacity,
      alive: false,
      x: arena.size >> 1,
      y: (arena.size >> 1) + raised,
    };
    const { players: p, shots: s, coins: c } = view;
    reserveRows(p, arena.capacity);
    reserveRows(s, arena.capacity * SHOTS_PER_PLAYER);
    reserveRows(c, coins.amount.length);
    p.count = s.count = c.count = 0;
    for (let id = 0; id < arena.capacity; id++) {
      if (players.status[id] === Status.alive) showPlayer(p, p.count++, players, id);
    }
    for (let id = 0; id < shots.life.length; id++) if (shots.life[id]! > 0) showShot(s, s.count++, shots, id);
    for (let id = 0; id < coins.amount.length; id++) if (coins.amount[id]! > 0) showCoin(c, c.count++, coins, id);
    this.#moveBack(share);
    return view;
  }

  #moveBack(share: number): void {
    const { players, shots } = this.view;
    const { x, y, shotX, shotY } = this.#film.before;
    for (let row = 0; row < players.count; row++) {
      const id = players.id[row]!;
      players.x[row] = between(x[id]!, players.x[row]!, share);
      players.y[row] = between(y[id]!, players.y[row]!, share);
    }
    for (let row = 0; row < shots.count; row++) {
      const id = shots.id[row]!;
      shots.x[row] = between(shotX[id]!, shots.x[row]!, share);
      shots.y[row] = between(shotY[id]!, shots.y[row]!, share);
    }
  }
}

function between(from: number, to: number, share: number): number {
  return Math.abs(to - from) > TELEPORT ? to : Math.round(from + (to - from) * share);
}
