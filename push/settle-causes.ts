import { changeChannel } from '../channels/wake.ts';
import { listCertainEvents, setCertainty } from '../db/across-tenants/security-events.ts';
import { ONE_ACT_MS } from '../domain/security/security-event.ts';
import type { Context } from '../runtime/context.ts';
import { findGrantedChannels } from './granted-channels.ts';
import { explainStatus } from './write-facts.ts';

const EVENTS_PER_PAGE = 200;

/**
 * A revocation is the certain cause once no event of the same act has named another one for a minute: the channels that the
 * token endpoint has refused meanwhile then say so.
 */
export async function settleCauses(context: Context, stopping?: AbortSignal): Promise<void> {
  for (;;) {
    const now = await context.clock.now();
    const page = await listCertainEvents(context.database, { now, limit: EVENTS_PER_PAGE });
    for (const event of page) await settleOrPutOff(context, event, now);
    if (page.length < EVENTS_PER_PAGE || stopping?.aborted) return;
  }
}

type CertainEvent = Awaited<ReturnType<typeof listCertainEvents>>[number];

/** An event that fails is put off: it must not hold up the others. */
async function settleOrPutOff(context: Context, event: CertainEvent, now: Date): Promise<void> {
  try {
    await settleCause(context, event);
    await setCertainty(context.database, event, null);
  } catch (error) {
    context.logger.warn({ err: error, provider: event.provider }, 'The cause of a refusal could not be settled yet');
    await setCertainty(context.database, event, new Date(now.getTime() + ONE_ACT_MS));
  }
}

async function settleCause(context: Context, event: CertainEvent): Promise<void> {
  const { provider, providerId } = event;
  for (const channel of await findGrantedChannels(context, provider, { providerId })) {
    await changeChannel(context, channel, async (waking, row) => {
      if (await explainStatus(waking, row, provider)) await waking.wake(row);
    });
  }
}
