import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const LAST = 'test/last/**/*.test.ts';

/** Files whose subject is how soon work is done: the work of another file beside them would make it late. */
const ALONE = [
  'test/db/client.test.ts',
  'test/e2e/hostile-server.test.ts',
  'test/imports/fairness.test.ts',
  'test/imports/message-headers.test.ts',
  'test/start/start.test.ts',
  'test/webhooks/deliver.test.ts',
];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Each file has servers of its own and mostly waits for them: it keeps half of a core busy.
    maxWorkers: availableParallelism(),
    globalSetup: 'test/support/run-folder.ts',
    setupFiles: 'test/support/witness.ts',
    // What looks through everything that the others left must come when they are done. (Order 0 would not be an order:
    // vitest runs what has none and may use one worker only after all the rest.)
    projects: [
      {
        test: {
          name: 'suite',
          include: ['test/**/*.test.ts'],
          exclude: [...ALONE, LAST],
          sequence: { groupOrder: 1 },
        },
      },
      { test: { name: 'alone', include: ALONE, maxWorkers: 1, sequence: { groupOrder: 2 } } },
      { test: { name: 'last', include: [LAST], maxWorkers: 1, sequence: { groupOrder: 3 } } },
    ],
  },
});
