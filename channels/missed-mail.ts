import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { queueImport, updateImport } from '../db/imports/imports.ts';

/** Queues the import of the gap up to the end of the trouble; everything after the cursor is missed by definition. */
export async function queueMissedMail(
  tx: Transaction,
  channel: ChannelRow,
  { windowFrom, cause = 'reauthorized' }: { windowFrom: Date | null; cause?: 'reauthorized' | 'access_changed' },
  now: Date,
): Promise<void> {
  if (channel.importMode === 'off') return;
  const importId = await queueImport(tx, {
    tenantId: channel.tenantId,
    channelId: channel.id,
    cause,
    windowFrom,
    windowTo: null,
    movesCursor: true,
    backfill: true,
    now,
  });
  // An import that was running has the window that it began with.
  if (windowFrom !== channel.coveredUntil) await updateImport(tx, importId, { windowFrom });
}
