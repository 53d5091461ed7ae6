import { changeChannel } from '../channels/wake.ts';
import { forgetCertainty, listCertainEvents, listChannelsOfGrants } from '../db/across-tenants/security-events.ts';
import { listSecurityEvents } from '../db/credentials/told-causes.ts';
import { causeOf, ONE_ACT_MS } from '../domain/security/security-event.ts';
import type { Context } from '../runtime/context.ts';
import { explainStatus } from './write-notice.ts';

const EVENTS_PER_PAGE = 200;

/**
 * A minute after grants were revoked, and no event of the same act named another cause, the cause is certain: the channels
 * that the token endpoint has refused meanwhile say so.
 */
export async function settleCauses(context: Context, stopping?: AbortSignal): Promise<void> {
  for (;;) {
    const now = await context.clock.now();
    const page = await listCertainEvents(context.database, { now, limit: EVENTS_PER_PAGE });
    for (const event of page) await settleCause(context, event);
    if (page.length < EVENTS_PER_PAGE || stopping?.aborted) return;
  }
}

async function settleCause(
  context: Context,
  event: Awaited<ReturnType<typeof listCertainEvents>>[number],
): Promise<void> {
  const { provider, providerId } = event;
  const ownTypes = [...context.providers.values()].flatMap(({ name, accessType }) =>
    name === provider ? [accessType] : [],
  );
  const channels = await listChannelsOfGrants(context.database, { provider, ownTypes, about: { providerId } });
  for (const channel of channels) {
    await changeChannel(context, channel, async ({ tx, now }, row) => {
      const since = new Date(Math.min(row.statusSince.getTime(), now.getTime()) - ONE_ACT_MS);
      const told = await listSecurityEvents(tx, { provider, providerId, since });
      await explainStatus({ tx, now }, row, causeOf(told, now));
    });
  }
  await forgetCertainty(context.database, event);
}
