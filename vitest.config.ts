import { defineConfig } from 'vitest/config';

/** Tests that only compute. They may share the machine; all others open sockets. */
const PURE = ['game', 'netcode', 'simulated', 'metrics'].map((folder) => `test/${folder}/**/*.test.ts`);

/**
 * Tests over real sockets and processes that mostly wait for each other: two files at a time use half of two cores, three
 * nearly all. What must happen within a time is judged without the stalls of the machine (test/live/stalls.ts).
 */
const SOCKETS = ['live', 'cli'].map((folder) => `test/${folder}/**/*.test.ts`);

/**
 * The machine of a CI is shared with others, who may take it away for seconds, and one test that fails for that takes all
 * others along. Vitest marks a test that passed at its second try (`retry x1`); one that is wrong fails twice.
 */
const retry = process.env['CI'] ? 1 : 0;

export default defineConfig({
  test: {
    // The second reporter is read by .ci/run: numbers come from here and not from what is printed.
    reporters: ['default', 'json'],
    outputFile: { json: 'test/artifacts/results.json' },
    projects: [
      {
        test: {
          name: 'pure',
          include: PURE,
          testTimeout: 60_000,
          pool: 'forks',
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: 'sockets',
          include: SOCKETS,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          retry,
          pool: 'forks',
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'browser',
          include: ['test/**/*.test.ts'],
          exclude: [...PURE, ...SOCKETS],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          retry,
          pool: 'forks',
          // Pages draw in software and take the whole machine: one file at a time, after all others.
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
