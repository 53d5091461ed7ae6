import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { BESIDE } from './test/beside.ts';

const LAST = 'test/last/**/*.test.ts';
const CORES = availableParallelism();

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // vitest's own second is no time on a busy machine.
    expect: { poll: { timeout: 30_000 } },
    globalSetup: 'test/support/run-folder.ts',
    setupFiles: 'test/support/witness.ts',
    // What looks through everything that the others left must come when they are done. (Order 0 would not be an order:
    // vitest runs what has none and may use one worker only after all the rest.)
    projects: [
      { test: { name: 'beside', include: BESIDE, maxWorkers: CORES, sequence: { groupOrder: 1 } } },
      {
        test: {
          name: 'suite',
          include: ['test/**/*.test.ts'],
          exclude: [...BESIDE, LAST],
          // Each file has servers of its own, some a browser too: two cores a file, or they only make one another late.
          maxWorkers: Math.max(1, Math.floor(CORES / 2)),
          sequence: { groupOrder: 2 },
        },
      },
      { test: { name: 'last', include: [LAST], maxWorkers: 1, sequence: { groupOrder: 3 } } },
    ],
  },
});
