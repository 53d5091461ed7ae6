import * as fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { raiseStage } from '../../support/stage.ts';
import type { Stage } from '../../support/stage.ts';
import { giveTheClocksBack, modelClock, modelProviders, ModelRun, takeTheClocks, TROUBLES } from './model-run.ts';
import type { Step, Stretch, World } from './model-run.ts';

/**
 * The import machine on the real PostgreSQL, against a provider that does anything the contract allows, at any call.
 * The long form: `MODEL_RUNS=2000 npx vitest run test/imports/model/model.test.ts`; a failing seed and its path are
 * printed, and `MODEL_SEED=… MODEL_PATH=…` repeats it.
 */
const RUNS = Number(process.env['MODEL_RUNS'] ?? 12);
const SEED = process.env['MODEL_SEED'];
const PATH = process.env['MODEL_PATH'];

let stage: Stage;
beforeAll(async () => {
  stage = await raiseStage({ given: { clock: modelClock, providers: modelProviders } });
  takeTheClocks();
});
afterAll(async () => {
  giveTheClocksBack();
  await stage.close();
});

const seed = fc.nat(1_000_000);
const trouble = fc.record({ what: fc.constantFrom(...TROUBLES), at: fc.nat(40) });
const death = fc.record({
  transaction: fc.integer({ min: 1, max: 30 }),
  when: fc.constantFrom('before' as const, 'after' as const, 'unheard' as const),
});
const stretch: fc.Arbitrary<Stretch> = fc.record({
  lane: fc.constantFrom('poll', 'cursor', 'cursor', 'requested', 'both', 'twice'),
  troubles: fc.array(trouble, { maxLength: 4 }),
  death: fc.option(death, { freq: 3 }),
  seed,
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('deliver' as const),
      folder: fc.nat(2),
      count: fc.integer({ min: 1, max: 25 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('change' as const),
      what: fc.constantFrom('remove' as const, 'move' as const, 'expire' as const, 'renumber' as const),
      folder: fc.nat(2),
      seed,
    }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('work' as const), stretch }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('request' as const), backH: fc.constantFrom(1, 24, 480) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('sign_in' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('pass' as const), hours: fc.constantFrom(0.01, 1, 30) }) },
);
const world: fc.Arbitrary<World> = fc.record({
  skewH: fc.constantFrom(0, -1, 1),
  tellsTime: fc.boolean(),
  walks: fc.boolean(),
  earlier: fc.nat(3),
});

let accounts = 0;

test(
  'rules 9 and 10 hold under any legal provider and any kill, at every step',
  { timeout: RUNS * 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(world, fc.array(step, { minLength: 4, maxLength: 16 }), async (world, steps) => {
        const run = await ModelRun.connect(stage, `model-${++accounts}@example.com`, world);
        for (const step of steps) await run.take(step);
        await run.settle();
      }),
      {
        numRuns: RUNS,
        // Making a failure small takes long; it is done when it is repeated.
        endOnFailure: SEED === undefined,
        ...(SEED === undefined ? {} : { seed: Number(SEED) }),
        ...(PATH === undefined ? {} : { path: PATH }),
      },
    );
    expect(accounts).toBeGreaterThanOrEqual(Math.min(RUNS, 1));
  },
);
