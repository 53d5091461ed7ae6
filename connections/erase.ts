import { listChannels } from '../db/channels/channel-list.ts';
import { updateChannel } from '../db/channels/channels.ts';
import { eraseSome, historyOf, mailOf, restOf } from '../db/erasure.ts';
import type { Erasable } from '../db/erasure.ts';
import { endTenantErasure, isReadyToErase } from '../db/access/tenants.ts';
import type { Context } from '../runtime/context.ts';

type EraseContext = Pick<Context, 'database' | 'clock'>;

/** How long an erasure may take in the call or the activity that causes it; a worker's sweep does the rest. */
const WITHIN_MS = 5_000;
const CHANNELS_PER_PAGE = 100;

export interface Patience {
  /** Ends between two batches. */
  signal: AbortSignal;
}

export const someTime = (): Patience => ({ signal: AbortSignal.timeout(WITHIN_MS) });

/**
 * Deletes the mail of a channel, each batch in a transaction of its own: a lock that another holds fails a batch, not the
 * erasure. Call it once nothing stores any more, or again. False: the time was over first.
 */
export async function eraseMail(
  context: EraseContext,
  { tenantId, channelId }: { tenantId: string; channelId: string },
  patience: Patience,
): Promise<boolean> {
  return eraseAll(context, tenantId, mailOf(channelId), patience);
}

/** Deletes the mail of a disconnected channel, and notes that it is gone. */
export async function eraseDisconnected(
  context: EraseContext,
  channel: { tenantId: string; channelId: string },
  patience: Patience,
): Promise<boolean> {
  if (!(await eraseMail(context, channel, patience))) return false;
  const erasedAt = await context.clock.now();
  await context.database.inTenant(channel.tenantId, (tx) => updateChannel(tx, channel.channelId, { erasedAt }));
  return true;
}

/**
 * Begins the erasure of a disconnected channel. What time or a lock leaves is a worker's: the fact that it is to be erased
 * is committed.
 */
export async function eraseSoon(
  context: EraseContext & Pick<Context, 'logger'>,
  channel: { tenantId: string; channelId: string },
): Promise<void> {
  try {
    await eraseDisconnected(context, channel, someTime());
  } catch (error) {
    context.logger.warn(
      { err: error, channelId: channel.channelId },
      'An erasure was put off; a worker goes on with it',
    );
  }
}

/**
 * Deletes all of a tenant whose erasure was asked for, once its last channel is disconnected and its last former access
 * ended. False: something is still in use, or the time was over first; a worker's sweep goes on.
 */
export async function eraseTenant(context: EraseContext, tenantId: string, patience: Patience): Promise<boolean> {
  const { database } = context;
  if (!(await database.inTenant(tenantId, (tx) => isReadyToErase(tx, tenantId)))) return false;
  const page = { tenantId, statuses: null, accessType: null, after: null, limit: CHANNELS_PER_PAGE };
  for (;;) {
    const channels = await database.inTenant(tenantId, (tx) => listChannels(tx, page));
    for (const { id } of channels) {
      const rows = [...mailOf(id), ...historyOf(id)];
      if (!(await eraseAll(context, tenantId, rows, patience))) return false;
    }
    if (channels.length < CHANNELS_PER_PAGE) break;
  }
  if (!(await eraseAll(context, tenantId, restOf(tenantId), patience))) return false;
  return database.inTenant(tenantId, (tx) => endTenantErasure(tx, tenantId));
}

async function eraseAll(
  { database }: EraseContext,
  tenantId: string,
  erasables: Erasable[],
  { signal }: Patience,
): Promise<boolean> {
  for (const erasable of erasables) {
    let isMore = true;
    while (isMore) {
      if (signal.aborted) return false;
      isMore = await database.inTenant(tenantId, (tx) => eraseSome(tx, erasable));
    }
  }
  return true;
}
