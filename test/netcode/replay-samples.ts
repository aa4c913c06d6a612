/** Tapes of small matches that are stepped right here: no session, no network, only rules and inputs. */
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { createInputTable, nextPurchaseKey } from '../../game/input.ts';
import { Random } from '../../game/random.ts';
import { addPlayer, step } from '../../game/step.ts';
import { createWorld, type Section, type World, worldLayout } from '../../game/world.ts';
import { aimOf, BUY, buttonsOf, MAX_WORD } from '../../netcode/lockstep/input-word.ts';
import { type Replay, ReplayTape } from '../../netcode/lockstep/replay-tape.ts';
import { Roster } from '../../netcode/lockstep/roster.ts';
import { lockstepSettings } from '../../netcode/lockstep/settings.ts';

export interface Flip {
  /** The bit flips when this tick is done and noted. */
  tick: number;
  section: Section;
  field: string;
  entity: number;
  bit: number;
}

export interface RecordOptions {
  ticks: number;
  players?: number;
  seed?: number;
  flip?: Flip;
  /** Changes what was played: the input of a slot at a tick. */
  input?: (tick: number, slot: number, word: number) => number;
  /** The tape begins after this tick: that of a late joiner. */
  startTick?: number;
  peer?: number;
}

export function flipBit(world: World, { section, field, entity, bit }: Flip): void {
  const place = worldLayout(world.arena.capacity).find((one) => one.section === section && one.field === field)!;
  world.words[place.start + entity]! ^= 1 << bit;
}

/** Records a match in which everybody walks, shoots and buys at random. */
export function recordMatch(options: RecordOptions): Replay {
  const { ticks, players = 4, seed = 5, flip, input = (_tick, _slot, word) => word, startTick = 0, peer = 1 } = options;
  const settings = lockstepSettings({ ...DEFAULT_MATCH, players, seed });
  const world = createWorld(settings.config);
  const inputs = createInputTable(world.arena.capacity);
  const random = new Random(seed, 77);
  const taken = new Int32Array(world.arena.capacity);
  const roster = rosterOf(players);
  let tape = new ReplayTape(settings, world);
  for (let tick = 1; tick <= ticks; tick++) {
    if (tick === 1) for (let slot = 0; slot < players; slot++) addPlayer(world, slot);
    for (let slot = 0; slot < players; slot++) {
      // Walking for a while in one direction, or nobody would ever meet.
      if (tick % 10 === 1 || random.below(8) === 0) taken[slot] = random.below(MAX_WORD + 1);
      const word = input(tick, slot, taken[slot]!);
      taken[slot] = word;
      inputs.buttons[slot] = buttonsOf(word);
      inputs.aim[slot] = aimOf(word);
      inputs.purchase[slot] = (word & BUY) === 0 ? 0 : nextPurchaseKey(world.players.purchaseKey[slot]!);
    }
    step(world, inputs);
    tape.note(world, taken);
    if (flip?.tick === tick) flipBit(world, flip);
    if (tick === startTick) tape = new ReplayTape(settings, world);
  }
  tape.noteView(roster, peer);
  return tape.replay;
}

function rosterOf(players: number): Roster {
  const roster = new Roster();
  const joins = Array.from({ length: players }, (_, slot) => ({
    peer: slot + 1,
    slot,
    name: `peer ${slot + 1}`,
    token: new Uint8Array(16).fill(slot),
    firstTick: 1,
    resumes: false,
  }));
  roster.apply({ view: 1, drops: [], joins });
  return roster;
}
