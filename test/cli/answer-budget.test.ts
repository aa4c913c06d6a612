/** How `answer` spends its time, with runs that take as long as a test says, on a clock that it turns. */
import { expect, test } from 'vitest';
import type { perform } from '../../lab/perform.ts';
import { SILENT } from '../../lab/progress.ts';
import { answer } from '../../lab/sweep/answer.ts';
import { cellName, plannedCheats } from '../../lab/sweep/cheat-cells.ts';
import type { Plan } from '../../metrics/plan.ts';
import { recordOf } from '../metrics/records.ts';

/** Plays nothing; the clock goes on by what each plan takes. */
async function spend(budgetS: number, takesS: (plan: Plan) => number, cheats = true) {
  let nowMs = 5000;
  const played: Plan[] = [];
  const pretend: typeof perform = async (plan) => {
    played.push(plan);
    nowMs += takesS(plan) * 1000;
    return { record: recordOf({ plan }), directory: '', replays: [], ended: 'whole' };
  };
  const signal = new AbortController().signal;
  const options = { progress: SILENT, signal, out: '', budgetS, cheats, perform: pretend, nowMs: () => nowMs };
  const found = await answer(options);
  const ramps = played.filter(({ simulated }) => !simulated);
  return { found, played, ramps, tookS: (nowMs - 5000) / 1000 };
}

test('with next to no time nothing is begun, cheats neither, and all of it is said to be missing', async () => {
  const { played, found } = await spend(1, () => 3);
  expect(played).toEqual([]);
  expect(found.missing).toContainEqual(expect.stringMatching(/^server on lan: 200, .*not tried, for lack of time$/));
  expect(found.missing).toContainEqual(
    expect.stringMatching(/^the cheat speed on server, timeBucket off, was not tried/),
  );
});

test('nothing is left out that would have fitted: runs that are faster than expected make room for more', async () => {
  // Every size of every ramp, at 4 s each, and the cheats at 1 s.
  const { found, ramps, tookS } = await spend(240, ({ simulated }) => (simulated ? 1 : 4));
  expect(ramps).toHaveLength(2 * (4 + 4 + 4 + 3) + 1);
  expect(found.missing).toEqual([]);
  expect(tookS).toBeLessThan(240);
});

test.each([60, 90, 150, 300])('%d s are kept, and what is skipped did not fit any more', async (budgetS) => {
  const takesS = (plan: Plan) => (plan.simulated ? 3 : 14);
  const { tookS, found } = await spend(budgetS, takesS);
  expect(tookS).toBeLessThanOrEqual(budgetS + 1);
  if (found.missing.length > 0) expect(tookS).toBeGreaterThan(budgetS - 25);
});

test('topologies share the time, and start in the order of their registry', async () => {
  const { ramps } = await spend(120, ({ simulated }) => (simulated ? 1 : 12));
  const topologies = ramps.map(({ topology }) => topology);
  expect(topologies.slice(0, 4)).toEqual(['server', 'host', 'lockstep', 'mesh']);
  const count = (topology: string) => topologies.filter((one) => one === topology).length;
  expect(Math.abs(count('server') - count('lockstep'))).toBeLessThanOrEqual(1);
  expect(Math.abs(count('server') - count('host'))).toBeLessThanOrEqual(1);
});

test('with little time every cell of the cheats gets some', async () => {
  const { found, played } = await spend(170, ({ simulated }) => (simulated ? 2 : 14));
  const tried = new Set(played.flatMap((plan) => (plan.cheat ? [cellName(plan)] : [])));
  expect([...tried].sort()).toEqual([...new Set(plannedCheats().map(cellName))].sort());
  const topologies = new Set(played.flatMap(({ cheat, topology }) => (cheat ? [topology] : [])));
  expect([...topologies].sort()).toEqual(['lockstep', 'mesh', 'server']);
  expect(found.missing).toContainEqual(expect.stringMatching(/was tried with \d of \d seeds, for lack of time/));
});

test('a mesh is simulated beyond its ramps, the further the more time there is, and room is kept for it', async () => {
  const grown = ({ played }: Awaited<ReturnType<typeof spend>>) =>
    played.flatMap(({ topology, simulated, players, send }) =>
      simulated && topology === 'mesh' && players >= 50 ? [`${players} ${send}`] : [],
    );
  const usual = await spend(240, ({ simulated }) => (simulated ? 5 : 14));
  expect(grown(usual)).toEqual(['50 flat', '100 flat', '200 flat']);
  expect(usual.found.growth).toHaveLength(3);
  expect(grown(await spend(900, ({ simulated }) => (simulated ? 5 : 14)))).toContain('400 flat');
  const hasty = await spend(40, ({ simulated }) => (simulated ? 9 : 14));
  expect(hasty.found.missing).toContainEqual(expect.stringMatching(/^growth of a mesh, simulated: .*200 players/));
});
