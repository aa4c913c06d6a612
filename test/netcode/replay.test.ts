/** Replays: what is recorded plays again, survives the file, and says where it went wrong. */
import { describe, expect, test } from 'vitest';
import { Random } from '../../game/random.ts';
import { compareKept, compareReplays, explainByOneBit, firstDivergence } from '../../netcode/lockstep/replay-bisect.ts';
import { decodeReplay, encodeReplay, sealReplay } from '../../netcode/lockstep/replay-codec.ts';
import { type Replay, Replayer, ReplayTape, tapeSeatAt } from '../../netcode/lockstep/replay-tape.ts';
import { ProtocolError } from '../../netcode/protocol.ts';
import { Mutator } from './mutator.ts';
import { flipBit, recordMatch } from './replay-samples.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** The tape of a peer that kept its state when it reported a desync. */
function recordWithReport(): Replay {
  const flip = { tick: 50, section: 'players', field: 'score', entity: 1, bit: 5 } as const;
  const replay = recordMatch({ ticks: 70, flip });
  const replayer = new Replayer(replay);
  while (replayer.tick < 60) replayer.step();
  flipBit(replayer.world, flip);
  const tape = new ReplayTape(replay.settings, replayer.world);
  tape.noteDesync(
    { tick: 60, peer: 2, section: 'players', entity: 1, field: 'score', mine: 32, theirs: 0 },
    replayer.world.bytes,
  );
  return { ...replay, desyncs: tape.replay.desyncs, kept: tape.replay.kept };
}

describe('a tape', () => {
  test('plays again to the same checksums', () => {
    const replay = recordMatch({ ticks: 300 });
    expect(replay.ticks).toHaveLength(300);
    expect(firstDivergence(replay)).toBeNull();
  });

  test('that begins late plays from where it begins', () => {
    const replay = recordMatch({ ticks: 300, startTick: 120 });
    expect(replay.startTick).toBe(120);
    expect(replay.ticks).toHaveLength(180);
    expect(firstDivergence(replay)).toBeNull();
  });

  test('forgets what a rollback undid', () => {
    const full = recordMatch({ ticks: 40 });
    const again = new Replayer(full);
    const tape = new ReplayTape(full.settings, again.world);
    const taken = (tick: number) => full.ticks[tick - 1]!.words;
    while (again.tick < 30) {
      again.step();
      tape.note(again.world, taken(again.tick));
    }
    tape.retract(21);
    expect(tape.replay.ticks).toHaveLength(20);
    again.load(0, full.start);
    while (again.tick < 20) again.step();
    while (!again.isAtEnd) {
      again.step();
      tape.note(again.world, taken(again.tick));
    }
    expect(tape.replay.ticks).toEqual(full.ticks);
    expect(tape.replay.isTruncated).toBe(false);
  });

  test('with a gap says that it ends there', () => {
    const full = recordMatch({ ticks: 10 });
    const again = new Replayer(full);
    const tape = new ReplayTape(full.settings, again.world);
    again.step();
    again.step();
    tape.note(again.world, full.ticks[1]!.words);
    expect(tape.replay).toMatchObject({ isTruncated: true, ticks: [] });
  });

  test('knows who sat where', () => {
    const replay = recordMatch({ ticks: 5, players: 3, peer: 2 });
    expect(replay.peer).toBe(2);
    expect(replay.views).toEqual([{ view: 1, tick: 5, members: [1, 2, 3] }]);
    expect(tapeSeatAt(replay, 1, 3)).toMatchObject({ peer: 2, name: 'peer 2' });
    expect(tapeSeatAt(replay, 1, 0)).toBeUndefined();
  });
});

describe('a file', () => {
  test('gives back what was recorded', () => {
    for (const replay of [recordMatch({ ticks: 60 }), recordMatch({ ticks: 60, startTick: 33 }), recordWithReport()]) {
      expect(decodeReplay(encodeReplay(replay))).toEqual(replay);
    }
  });

  test('of a small match has these bytes', () => {
    const bytes = encodeReplay({ ...recordMatch({ ticks: 2, players: 1, seed: 9 }), rulesHash: 0x01020304 });
    expect(hex(bytes)).toBe(GOLDEN);
    expect(decodeReplay(bytes).ticks).toHaveLength(2);
  });

  test('that is something else, cut short, longer or damaged is told in a sentence', () => {
    const bytes = encodeReplay(recordMatch({ ticks: 20 }));
    const damaged = new Uint8Array(bytes);
    damaged[200]! ^= 4;
    const newer = new Uint8Array(bytes);
    newer[4] = 9;
    expect(() => decodeReplay(new Uint8Array(3))).toThrow('this is no netbed replay');
    expect(() => decodeReplay(Buffer.from('# A readme, not a replay'))).toThrow('this is no netbed replay');
    expect(() => decodeReplay(newer)).toThrow('replay format 9: this netbed reads 1');
    expect(() => decodeReplay(bytes.subarray(0, 500))).toThrow(`cut short: 500 of ${bytes.length} bytes`);
    expect(() => decodeReplay(Buffer.concat([bytes, bytes]))).toThrow(`${bytes.length} bytes follow the replay`);
    expect(() => decodeReplay(damaged)).toThrow('damaged: its checksum is wrong');
  });

  test('of any bytes is a replay or a ProtocolError, also when its checksum is right', () => {
    const random = new Random(11, 0);
    const real = [recordMatch({ ticks: 12 }), recordMatch({ ticks: 9, startTick: 4 }), recordWithReport()].map(
      encodeReplay,
    );
    const mutator = new Mutator(random, real);
    let read = 0;
    let refused = 0;
    for (let round = 0; round < 1500; round++) {
      const bytes = new Uint8Array(mutator.next());
      // Half of them by somebody who knows the format: what lies behind the checksum must hold as well.
      if (round % 2 === 0 && bytes.length > 13) sealReplay(bytes);
      try {
        const replay = decodeReplay(bytes);
        read++;
        // What was let in can be played, whatever it makes of its checksums.
        firstDivergence(replay);
      } catch (error) {
        expect(error, `round ${round}: ${hex(bytes)}`).toBeInstanceOf(ProtocolError);
        refused++;
      }
    }
    expect(read).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(700);
  });

  test('whose first state would send the rules astray is refused', () => {
    const replay = recordMatch({ ticks: 5, startTick: 3 });
    const set = (field: string, value: number) => {
      const start = replay.start.slice();
      const { world } = new Replayer(replay);
      const column = (world.match as Record<string, Int32Array>)[field]!;
      start[(column.byteOffset - world.words.byteOffset) / 4] = value;
      return encodeReplay({ ...replay, start });
    };
    expect(() => decodeReplay(set('playerLimit', 1 << 30))).toThrow('slots of');
    expect(() => decodeReplay(set('coinCursor', -5))).toThrow('a pile -5');
    expect(() => decodeReplay(set('coinSlotsUsed', 9999))).toThrow('9999 piles of coins');
    expect(() => decodeReplay(set('players', 0))).toThrow('0 players where');
    expect(() => decodeReplay(set('tick', 77))).toThrow('tick 77 instead of 3');
  });
});

describe('bisection', () => {
  const FLIPS = [
    { section: 'players', field: 'score', entity: 1, bit: 5 },
    { section: 'players', field: 'x', entity: 0, bit: 3 },
    { section: 'coins', field: 'amount', entity: 2, bit: 2 },
    { section: 'match', field: 'minted', entity: 0, bit: 9 },
    { section: 'random', field: 'state', entity: 6, bit: 31 },
  ] as const;
  for (const flip of FLIPS) {
    test(`names bit ${flip.bit} of ${flip.section}.${flip.field} of ${flip.entity}`, () => {
      const replay = recordMatch({ ticks: 200, flip: { tick: 90, ...flip } });
      const divergence = firstDivergence(replay);
      expect(divergence).toEqual({ tick: 91, sections: [flip.section] });
      const found = explainByOneBit(replay, divergence!);
      expect(found).toMatchObject({ ...flip, explainedTicks: 110 });
    });
  }

  test('says when no single bit explains it', () => {
    const replay = recordMatch({ ticks: 100 });
    replay.ticks[49]!.sums[0]! ^= 1;
    expect(firstDivergence(replay)).toEqual({ tick: 50, sections: ['players'] });
    expect(explainByOneBit(replay, firstDivergence(replay)!)).toBeNull();
  });

  test('compares with the state that was kept when the desync was reported', () => {
    expect(compareKept(recordWithReport())).toEqual({
      tick: 60,
      words: 1,
      first: [{ section: 'players', field: 'score', entity: 1, rules: 0, here: 32 }],
    });
  });
});

describe('two replays of one match', () => {
  const whole = recordMatch({ ticks: 200 });

  test('agree where both have ticks', () => {
    const late = recordMatch({ ticks: 150, startTick: 80 });
    expect(compareReplays(whole, late)).toEqual({ from: 81, to: 150, inputs: null, worlds: null, start: null });
    expect(compareReplays(late, whole)).toEqual({ from: 81, to: 150, inputs: null, worlds: null, start: null });
  });

  test('with nothing in common say so', () => {
    const short = recordMatch({ ticks: 30 });
    const late = recordMatch({ ticks: 150, startTick: 80 });
    const { from, to } = compareReplays(short, late);
    expect(from).toBeGreaterThan(to);
  });

  test('show where one world went its own way', () => {
    const wrong = recordMatch({
      ticks: 200,
      flip: { tick: 90, section: 'players', field: 'score', entity: 1, bit: 5 },
    });
    const found = compareReplays(whole, wrong);
    expect(found).toMatchObject({ inputs: null, worlds: { tick: 91, sections: ['players'] } });
  });

  test('show who told them two stories, and which', () => {
    const other = recordMatch({
      ticks: 200,
      input: (tick, slot, word) => (tick === 120 && slot === 3 ? (word ^ 1) >>> 0 : word),
    });
    const found = compareReplays(whole, other);
    const told = whole.ticks[119]!.words[3]!;
    expect(found.inputs).toEqual({ tick: 120, slot: 3, left: told, right: told ^ 1 });
    // Each follows the rules: only both together show what happened.
    expect([firstDivergence(whole), firstDivergence(other)]).toEqual([null, null]);
  });

  test('show what a newcomer was given wrongly', () => {
    const late = recordMatch({ ticks: 150, startTick: 80 });
    const { world } = new Replayer(late);
    flipBit(world, { tick: 80, section: 'players', field: 'coins', entity: 2, bit: 4 });
    const found = compareReplays(whole, { ...late, start: world.words });
    expect(found.start).toMatchObject({ section: 'players', field: 'coins', entity: 2 });
    expect(found.start!.here ^ found.start!.rules).toBe(16);
  });
});

/** Made when the format was made: a change of it needs another number of the format. */
const GOLDEN =
  '4e42525001aa0000000403020101000e0006c800090000001401001e000000000000150208000b514137d76d6115f5000a6410000000c8c8655eb31fd62f18ebb8d91000000000020000000100400c008bb3248188f569f6397c8944945e1e1b4ba03cdc0100400c008bb3248188f569f6397c8944b873144b4ba03cdc0100010000000200000001010001000100000001000000ffffff7fffffff7f0006706565722031000060f7e402';
