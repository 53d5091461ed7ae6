import { appointCanaries, wakeAfterIncidents } from '../db/across-tenants/incidents/canaries.ts';
import { turnMassReauthorizations } from '../db/across-tenants/incidents/mass-reauthorization.ts';
import { turnLastingTrouble } from '../db/across-tenants/incidents/lasting-trouble.ts';
import { closeOutages, foldIntoOutages, openOutages } from '../db/across-tenants/incidents/outages.ts';
import { closeDesertedOperatorIncidents } from '../db/across-tenants/incidents/operator-incidents.ts';
import type { Context } from '../runtime/context.ts';
import { repeat } from '../runtime/repeat.ts';
import type { Repetition } from '../runtime/repeat.ts';
import { signalForgotten } from './reconcile.ts';

const EVERY_MS = 3_000;

/**
 * Turns the incidents of many channels: finds what fails together, closes what has recovered, lets channels follow their
 * canary. A channel's failure itself costs none of this. Every worker process turns; row locks and unique keys let one do
 * each thing.
 */
export function startIncidents(context: Context): Repetition {
  return repeat(context, {
    everyMs: EVERY_MS,
    turn: () => turnIncidents(context),
    trouble: 'The sweep for incidents of many channels failed and is repeated',
  });
}

/** What a turn does. The statements of each may meet a limit of the database, which keeps no other waiting. */
const STEPS: readonly ((context: Context, now: Date) => Promise<unknown>)[] = [
  turnMass,
  turnOutages,
  turnLasting,
  ({ database }, now) => closeDesertedOperatorIncidents(database, now),
  async (context, now) => signalForgotten(context, await appointCanaries(context.database, now)),
  async (context, now) => signalForgotten(context, await wakeAfterIncidents(context.database, now)),
];

/** One turn; exported for tests, which do not wait for the loop. Throws the first failure of its steps, and logs the others. */
export async function turnIncidents(context: Context): Promise<void> {
  const now = await context.clock.now();
  const failures: unknown[] = [];
  for (const step of STEPS) await step(context, now).catch((error: unknown) => failures.push(error));
  const [first, ...others] = failures;
  for (const error of others) context.logger.warn({ err: error }, 'A step of the sweep for incidents failed too');
  if (first !== undefined) throw first;
}

async function turnMass({ database, logger }: Context, now: Date): Promise<void> {
  for (const { provider, reason } of await turnMassReauthorizations(database, now)) {
    const words = 'Many people have to sign in again at once; their notices wait for the operator';
    logger.error({ accessType: provider, reason }, words);
  }
}

async function turnOutages({ database, logger }: Context, now: Date): Promise<void> {
  for (const { provider, server, reason } of await openOutages(database, now)) {
    logger.warn({ accessType: provider, server, reason }, 'Many channels fail together; they are one incident');
  }
  let more = true;
  while (more) more = await foldIntoOutages(database, now);
  for (const { provider, server } of await closeOutages(database, now)) {
    logger.info({ accessType: provider, server }, 'The channels that failed together work again');
  }
}

async function turnLasting({ database, logger }: Context, now: Date): Promise<void> {
  for (let more = true; more;) {
    const { opened, closed, isFull } = await turnLastingTrouble(database, now);
    for (const { provider, server, reason } of opened) {
      logger.error({ accessType: provider, server, reason }, 'Channels have been degraded for more than a day');
    }
    for (const { provider, server } of closed) {
      logger.info({ accessType: provider, server }, 'No channel has been degraded for more than a day any more');
    }
    more = isFull;
  }
}
