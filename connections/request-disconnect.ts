import { letHappen } from '../channels/happenings.ts';
import type { Waking } from '../channels/wake.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { closeWaysBack } from '../db/credentials/former-accesses.ts';
import { updateChannel } from '../db/channels/channels.ts';

/**
 * Writes the fact that a channel disconnects; token reads stop with the commit. `row` is locked. The erasure can also
 * be requested later.
 */
export async function requestDisconnect(
  { tx, now, wake }: Waking,
  row: ChannelRow,
  { erase }: { erase: boolean },
): Promise<ChannelRow> {
  if (row.status === 'disconnected') {
    if (!erase || row.eraseRequested) return row;
    return updateChannel(tx, row.id, { eraseRequested: true, erasedAt: null });
  }
  const first = row.disconnectRequestedAt === null;
  const leaving = await letHappen(tx, row, { type: 'disconnect_requested' }, now, {
    eraseRequested: row.eraseRequested || erase,
    // The next try of earlier trouble may be a day away; the disconnect does not wait for it.
    ...(first ? { disconnectRequestedAt: now, retryAt: null, failures: 0 } : {}),
  });
  await closeWaysBack(tx, row.id, now);
  await wake(leaving);
  return leaving;
}
