import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Each file has servers of its own, some a browser too: two cores a file, or they only make one another late.
    maxWorkers: Math.max(1, Math.floor(availableParallelism() / 2)),
  },
});
