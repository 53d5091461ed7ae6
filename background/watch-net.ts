import type { Context } from '../runtime/context.ts';
import {
  closeServedIncidents,
  openUnservedIncidents,
  takeUnwatched,
} from '../db/across-tenants/incidents/unwatched.ts';
import { repeat } from '../runtime/repeat.ts';
import type { Repetition } from '../runtime/repeat.ts';
import { signalForgotten } from './reconcile.ts';

const EVERY_MS = 15_000;
const CHANNELS_PER_PAGE = 200;

/**
 * The net under the listeners: a channel whose look is overdue by two of its intervals is polled by its workflow, and no
 * listener at all is the operator's incident. Runs in every worker process; each channel goes to one of them.
 */
export function startWatchNet(context: Context): Repetition {
  return repeat(context, {
    everyMs: EVERY_MS,
    turn: async (stopping) => void (await catchUnwatched(context, stopping)),
    trouble: 'The sweep for channels that no listener looks at failed and is repeated',
  });
}

/** One turn, page after page while there is more; exported for tests, which do not wait for the loop. */
export async function catchUnwatched(context: Context, stopping?: AbortSignal): Promise<number> {
  const { database, clock, logger } = context;
  const now = await clock.now();
  for (const accessType of await openUnservedIncidents(database, now)) {
    logger.error({ accessType }, 'No listener looks for news; workflows poll meanwhile, more slowly');
  }
  for (const accessType of await closeServedIncidents(database, now)) {
    logger.info({ accessType }, 'A listener looks for news again');
  }
  for (let caught = 0; ;) {
    const { found, nudged } = await takeUnwatched(database, { now: await clock.now(), limit: CHANNELS_PER_PAGE });
    await signalForgotten(context, nudged);
    caught += found;
    if (found < CHANNELS_PER_PAGE || stopping?.aborted) {
      if (caught > 0) logger.info({ channels: caught }, 'Workflows poll channels that no listener looked at in time');
      return caught;
    }
  }
}
