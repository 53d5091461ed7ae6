import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Each file has servers of its own; more of them than cores only makes every one slower.
    maxWorkers: 2,
  },
});
