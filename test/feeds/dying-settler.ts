// A settler that dies in its turn: it numbers what is there, and its transaction never ends.
import { setTimeout as sleep } from 'node:timers/promises';
import { turnSettler } from '../../db/across-tenants/settler.ts';
import type { Database } from '../../db/client.ts';
import { enterStage } from '../webhooks/stage.ts';

const [url = '', keysFile = ''] = process.argv.slice(2);
const stage = await enterStage(url, keysFile);
const held: Database = {
  ...stage.database,
  acrossTenants: (work) =>
    stage.database.acrossTenants(async (tx) => {
      const turn = await work(tx);
      if ((turn as { settled?: number } | null)?.settled) {
        process.send?.('in the middle');
        await sleep(60_000);
      }
      return turn;
    }),
};
process.send?.('ready');
const options = { clock: stage.clock, limit: 1_000, from: { messages: 0n, events: 0n } };
for (;;) await turnSettler(held, options);
