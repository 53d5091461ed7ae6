import { lockChannel, updateChannel } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { findImport, isUnderWay, updateImport } from '../db/imports/imports.ts';
import type { ImportRow } from '../db/imports/imports.ts';
import { leaveLane } from '../db/imports/owed.ts';
import type { Receipt } from '../domain/receipt.ts';
import { tellOfEnd, tellOfStart } from './events.ts';

/**
 * Emits `import.stalled` once for an import that breaks for a reason of our own, and lets polls go on beside it where that
 * loses nothing. Its slices are retried with growing gaps. Returns its row.
 */
export async function stallImport(
  tx: Transaction,
  { id, channelId }: Pick<ImportRow, 'id' | 'channelId'>,
  { receipt, now }: { receipt: Receipt; now: Date },
): Promise<ImportRow | null> {
  const channel = await lockChannel(tx, channelId);
  const row = channel && (await findImport(tx, id));
  if (!row || !isUnderWay(row)) return row;
  const left = await leaveLane(tx, row, now);
  await updateChannel(tx, channelId, { importState: 'stalled', ...(left ? { nextPollAt: now } : {}) });
  if (row.stalledAt === null && !row.replaying) {
    await tellOfStart(tx, row, now);
    await tellOfEnd(tx, row, { type: 'import.stalled', receipt, aside: [] }, now);
    await updateImport(tx, id, { stalledAt: now });
  }
  return findImport(tx, id);
}
