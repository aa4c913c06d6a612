import { describe, expect, test } from 'vitest';
import { createArena, DEFAULT_MATCH } from '../../game/arena.ts';
import { checksum, checksums, firstDifference } from '../../game/checksum.ts';
import { Random } from '../../game/random.ts';
import { rulesHash } from '../../game/rules-hash.ts';
import { coinsHeld, createWorld, restoreWorld, SECTIONS, saveWorld, worldLayout } from '../../game/world.ts';
import { crowd, randomInputs, run } from './helpers.ts';

/** A match that has been going on for a while. */
function played(ticks = 50) {
  const game = crowd({ players: 50, historyTicks: 3 });
  const random = new Random(9);
  run(game, ticks, () => randomInputs(game.inputs, 50, random));
  return game;
}

describe('a saved world', () => {
  test('restores everything, history and random streams included', () => {
    const game = played();
    const before = checksum(game.world);
    const saved = saveWorld(game.world);
    run(game, 20);
    expect(checksum(game.world)).not.toBe(before);
    restoreWorld(game.world, saved);
    expect(checksum(game.world)).toBe(before);
  });

  test('reuses the buffer that it is given', () => {
    const { world } = played();
    const buffer = new Uint8Array(world.bytes.length);
    expect(saveWorld(world, buffer)).toBe(buffer);
    expect(buffer).toEqual(world.bytes);
  });

  test('of another size is refused', () => {
    const { world } = played();
    expect(() => restoreWorld(world, new Uint8Array(8))).toThrow(/saved world of 8 bytes: this one has \d+/);
  });
});

describe('checksums', () => {
  test('notice a change of any bit of any word, in the section that holds it', () => {
    const { world } = played();
    const before = checksums(world);
    const whole = checksum(world);
    for (const { section, start, length } of worldLayout(world.arena.capacity)) {
      for (const at of [start, start + (length >> 1), start + length - 1]) {
        for (let bit = 0; bit < 32; bit++) {
          world.words[at]! ^= 1 << bit;
          const after = checksums(world);
          const changed = SECTIONS.filter((name) => after[name] !== before[name]);
          if (changed.join() !== section || checksum(world) === whole) {
            expect.fail(`bit ${bit} of word ${at} (${section}) changed ${changed.join()}`);
          }
          world.words[at]! ^= 1 << bit;
        }
      }
    }
    expect(checksums(world)).toEqual(before);
  });

  test('notice two values that change places', () => {
    const { world } = played();
    const { x } = world.players;
    const before = checksums(world).players;
    for (const apart of [1, 2, 4, 8]) {
      [x[0], x[apart]] = [x[apart]!, x[0]!];
      expect(checksums(world).players).not.toBe(before);
      [x[0], x[apart]] = [x[apart]!, x[0]!];
    }
  });

  test('the first difference is named by section, entity and field', () => {
    const left = played().world;
    const right = played().world;
    expect(firstDifference(left, right)).toBeNull();
    right.shots.velocityY[7]!++;
    right.random.state[0]!++;
    const was = left.shots.velocityY[7]!;
    expect(firstDifference(left, right)).toEqual({
      section: 'shots',
      entity: 7,
      field: 'velocityY',
      left: was,
      right: was + 1,
    });
  });
});

test('the layout covers the world without gaps or overlaps', () => {
  const { world } = played();
  let end = 0;
  for (const { start, length } of worldLayout(world.arena.capacity)) {
    expect(start).toBe(end);
    end = start + length;
  }
  expect(end + world.history.length).toBe(world.words.length);
  expect(coinsHeld(world)).toBe(world.players.coins.reduce((sum, coins) => sum + coins, 0));
});

test('two worlds of one config share an arena but no state', () => {
  const arena = createArena(DEFAULT_MATCH);
  const one = createWorld(DEFAULT_MATCH, arena);
  const two = createWorld(DEFAULT_MATCH, arena);
  one.players.x[0] = 5;
  expect(two.players.x[0]).toBe(0);
});

test('the rules hash is a 32-bit number that stays the same within a program', () => {
  expect(rulesHash()).toBe(rulesHash());
  expect(Number.isInteger(rulesHash()) && rulesHash() > 0 && rulesHash() < 2 ** 32).toBe(true);
});
