import { defineConfig } from 'vitest/config';

/** Tests that only compute. They may share the machine; all others open sockets or measure time. */
const PURE = ['game', 'netcode', 'simulated', 'metrics'].map((folder) => `test/${folder}/**/*.test.ts`);

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
          name: 'live',
          include: ['test/**/*.test.ts'],
          exclude: PURE,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          pool: 'forks',
          // Live matches measure time: one file at a time, after all others, so that they measure only themselves.
          maxWorkers: 1,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
