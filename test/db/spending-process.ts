import { connectDatabase } from '../../db/client.ts';
import { databaseClock } from '../../db/clock.ts';
import { reserveQuotaTime } from '../../db/quotas.ts';
import { createPacers } from '../../providers/pacer.ts';

/* Spends what it gets of a quota for a while, from its own connection to the database, and prints how much. */
const [url = '', unitsPerMinute = '', lastingMs = ''] = process.argv.slice(2);
const database = connectDatabase({ url, program: 'worker', poolSize: 2 });
const clock = databaseClock(database);
const quota = { of: 'mailbox', unitsPerMinute: Number(unitsPerMinute) } as const;
const pacersOf = createPacers('google', quota, (...asked) => reserveQuotaTime({ database, clock }, ...asked));
const pacer = pacersOf('ana@example.com');
await clock.now();
const signal = AbortSignal.timeout(Number(lastingMs));
let spent = 0;
while (!signal.aborted) {
  const isSpent = await pacer.spend(20, signal).then(
    () => true,
    () => false,
  );
  if (isSpent) spent += 20;
}
process.stdout.write(String(spent));
await database.close();
