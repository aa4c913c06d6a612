import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Live matches measure time: one file at a time, so that they do not measure each other.
    fileParallelism: false,
    pool: 'forks',
  },
});
