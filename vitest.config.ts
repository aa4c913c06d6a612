import { defineConfig } from 'vitest/config';

/** Tests that only compute. They may share the machine; all others open sockets or measure time. */
const PURE = ['game', 'netcode', 'simulated', 'metrics'].map((folder) => `test/${folder}/**/*.test.ts`);

/** Tests over real sockets that mostly wait for each other: two files at a time do not disturb each other. */
const SOCKETS = ['contract', 'ends', 'peer-links', 'rendezvous', 'tab-host', 'authority-process'].map(
  (name) => `test/live/${name}.test.ts`,
);

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
          pool: 'forks',
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'live',
          include: ['test/**/*.test.ts'],
          exclude: [...PURE, ...SOCKETS],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          pool: 'forks',
          // Live matches measure time: one file at a time, after all others, so that they measure only themselves.
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
