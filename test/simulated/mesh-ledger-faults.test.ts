/**
 * Whatever breaks, by seed: afterwards each coin has one truth, and purses agree with it. A subset of the seeds runs here;
 * all thousand run by `LEDGER_SEEDS=1-1000 npx vitest run test/simulated/mesh-ledger-faults.test.ts`.
 */
import { describe, expect, test } from 'vitest';
import { playLedgerFaults } from './mesh-ledger-faults.ts';

/** `7`, `1-1000`, or both with commas. */
function chosenSeeds(text: string): number[] {
  return text.split(',').flatMap((part) => {
    const [from = 1, to = from] = part.split('-').map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}

const seeds = chosenSeeds(process.env['LEDGER_SEEDS'] ?? '1-60');

describe('M-L: coins have one truth', () => {
  test.for(seeds)('after everything went wrong (seed %i)', (seed) => {
    const { complaints, log } = playLedgerFaults(seed);
    const again = `LEDGER_SEEDS=${seed} npx vitest run test/simulated/mesh-ledger-faults.test.ts`;
    expect(complaints, `again: ${again}\n${log.join('\n')}`).toEqual([]);
  });

  test('the same seed plays the same match, and much happens in it', () => {
    const [one, two] = [playLedgerFaults(5), playLedgerFaults(5)];
    expect(two).toEqual(one);
    expect(one.counts['taken']).toBeGreaterThan(20);
    expect(one.counts['refused']).toBeGreaterThan(5);
    expect(one.counts['bought']).toBeGreaterThan(1);
    expect(one.counts['epochs']).toBeGreaterThan(5);
  });
});
