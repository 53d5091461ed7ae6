import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { importing } from '../imports/importing.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { until } from '../support/engine.ts';
import { holdTransaction } from '../support/held-transaction.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

const ANA = 'ana@example.com';

let stage: Stage;
let owner: postgres.Sql;
beforeAll(async () => {
  stage = await raiseStage();
  owner = postgres(stage.databaseUrl, { max: 2, onnotice: () => {} });
  await stage.sandbox.account('google', ANA, { password: secret('password') });
});
afterAll(async () => {
  await owner?.end();
  await stage?.close();
});

test('an import ends, and says so, once the feed shows all its messages', async () => {
  const { queue, finish, stored, imports, told } = importing(stage.context);
  const channelId = channelOf(await connectGmail(stage, ANA));
  await stage.sandbox.deliver('google', ANA, 12);
  const importId = await queue(channelId, { cause: 'reauthorized' });
  // No settler has a turn until it is released.
  const release = await holdTransaction(owner, (tx) => tx`select from feed_state for update`);
  const finishing = finish(channelId, importId);
  await until('the messages', async () => (await stored(channelId)).length === 12);
  // Long enough for an end that waits for nothing.
  await sleep(500);
  expect(await imports(channelId)).toMatchObject([{ state: 'running' }]);
  expect(await told(channelId, 'import.completed')).toEqual([]);
  await release();
  expect(await finishing).toMatchObject({ done: true, state: 'completed' });
  expect((await stored(channelId)).filter(({ number }) => number === null)).toEqual([]);
  expect(await told(channelId, 'import.completed')).toHaveLength(1);
});
