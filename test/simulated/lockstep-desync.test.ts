/**
 * One bit of one peer's final world flips. Within two seconds everybody knows, the peer itself included, and by the name
 * of the field; and the tapes that they leave lead to the tick and to the bit.
 */
import { describe, expect, test } from 'vitest';
import { DEFAULT_MATCH } from '../../game/arena.ts';
import { Random } from '../../game/random.ts';
import { profileOf } from '../../netcode/link/profiles.ts';
import { compareKept, compareReplays, explainByOneBit, firstDivergence } from '../../netcode/lockstep/replay-bisect.ts';
import { decodeReplay, encodeReplay } from '../../netcode/lockstep/replay-codec.ts';
import type { Replay } from '../../netcode/lockstep/replay-tape.ts';
import { lockstepSettings } from '../../netcode/lockstep/settings.ts';
import type { PeerId, SessionEvent } from '../../netcode/session.ts';
import { SimulatedLockstep } from '../../simulator/lockstep.ts';
import { type Flip, flipBit } from '../netcode/replay-samples.ts';

const PEERS = 5;
/** Everybody is in by then. */
const FLIP_TICK = 163;
const TOLD_WITHIN_MS = 2000;

type Reported = Extract<SessionEvent, { type: 'desync' }> & { by: PeerId; atMs: number };

interface Played {
  reports: Reported[];
  flippedMs: number;
  /** Peer whose world was touched. */
  wrong: PeerId;
  others: PeerId[];
  /** By peer, as files give them back. */
  tapes: Map<PeerId, Replay>;
}

function playWithFlip(flip: Flip | null, rollback: boolean): Played {
  const reports: Reported[] = [];
  let flippedMs = Number.NaN;
  const match: SimulatedLockstep = new SimulatedLockstep({
    settings: lockstepSettings({ ...DEFAULT_MATCH, players: 8, seed: 3 }, { rollback }),
    seed: 3,
    profile: profileOf('wifi'),
    inputRateHz: 10,
    peers: Array.from({ length: PEERS }, (_, index) => {
      const random = new Random(index + 1, 5);
      return { name: `peer ${index + 1}`, decide: () => ({ buttons: random.below(64), aim: random.below(4096) }) };
    }),
    onEvent: (node, event, atMs) => {
      if (event.type === 'desync') reports.push({ ...event, by: node.session.self, atMs });
    },
  });
  const touched = match.nodes[2]!;
  touched.session.onConfirmed = (world, tick, nowMs) => {
    // A view change may take the world back and step the tick again; the bit flips once.
    if (!flip || tick !== flip.tick || !Number.isNaN(flippedMs)) return;
    flippedMs = nowMs;
    flipBit(world, flip);
  };
  match.run({ ticks: 400 });
  const peers = match.nodes.map(({ session }) => session.self);
  const tapes = match.nodes.map(({ session }) => decodeReplay(encodeReplay(session.tape!.replay)));
  const wrong = touched.session.self;
  return {
    reports,
    flippedMs,
    wrong,
    others: peers.filter((peer) => peer !== wrong),
    tapes: new Map(peers.map((peer, index) => [peer, tapes[index]!])),
  };
}

test('whose tapes agree where nothing went wrong', () => {
  const { reports, tapes } = playWithFlip(null, false);
  expect(reports).toEqual([]);
  const [first, ...rest] = [...tapes.values()];
  for (const tape of rest) {
    expect(tape.ticks.length).toBeGreaterThan(300);
    expect(compareReplays(first!, tape)).toMatchObject({ inputs: null, worlds: null, start: null });
  }
});

const FLIPS: Flip[] = [
  { tick: FLIP_TICK, section: 'players', field: 'score', entity: 1, bit: 6 },
  { tick: FLIP_TICK, section: 'players', field: 'purchaseKey', entity: 3, bit: 14 },
  { tick: FLIP_TICK, section: 'match', field: 'spent', entity: 0, bit: 3 },
  { tick: FLIP_TICK, section: 'coins', field: 'y', entity: 60, bit: 11 },
];

describe.each([false, true])('rollback %s', (rollback) => {
  test.each(FLIPS)('L26, L27: $section $field of entity $entity is reported by all, and found on the tapes', (flip) => {
    const { reports, flippedMs, wrong, others, tapes } = playWithFlip(flip, rollback);
    const { section, entity, field, bit } = flip;
    expect(new Set(reports.map(({ by }) => by))).toEqual(new Set([wrong, ...others]));
    for (const report of reports) {
      expect(report).toMatchObject({ section, entity, field });
      expect(report.atMs - flippedMs).toBeLessThan(TOLD_WITHIN_MS);
      expect(report.tick).toBeGreaterThan(FLIP_TICK);
      // Each pair is one right and one wrong world.
      expect([report.by, report.peer]).toContain(wrong);
    }

    const tape = tapes.get(wrong)!;
    const divergence = firstDivergence(tape);
    expect(divergence).toEqual({ tick: FLIP_TICK + 1, sections: [section] });
    expect(explainByOneBit(tape, divergence!)).toMatchObject({ section, entity, field, bit });
    expect(tape.kept!.tick).toBeGreaterThan(FLIP_TICK);
    expect(compareKept(tape)!.first).toContainEqual(expect.objectContaining({ section, entity, field }));
    expect(tape.views.at(-1)!.members.toSorted((a, b) => a - b)).toEqual([wrong, ...others].sort((a, b) => a - b));
    for (const other of others) {
      expect(tapes.get(other)!.desyncs).toMatchObject([{ peer: wrong, section, entity, field }]);
      expect(firstDivergence(tapes.get(other)!)).toBeNull();
      const { inputs, worlds, start } = compareReplays(tapes.get(other)!, tape);
      expect({ inputs, worlds, start }).toEqual({ inputs: null, worlds: divergence, start: null });
    }
  });
});
