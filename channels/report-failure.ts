import { updateChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { findCredentialState, markTokenRefused } from '../db/credentials/credentials.ts';
import type { Waking } from './wake.ts';

/** A report within this time of a check gets that check's time, in ms: a crowd of failing callers is one check. */
const CHECK_COUNTS_FOR_MS = 10_000;

/**
 * The product says that the provider refused a call: asks for a check now, unless one was just made. `isRefusal`: the
 * provider refused the token itself, so it is not served until the check proves the report wrong (rule 6).
 */
export async function reportFailure(
  { tx, now, wake }: Waking,
  row: ChannelRow,
  isRefusal: boolean,
): Promise<ChannelRow> {
  const isPending = row.checkRequestedAt !== null;
  const isRecent = row.checkedAt && now.getTime() - row.checkedAt.getTime() < CHECK_COUNTS_FOR_MS;
  if (isRecent && !isPending) return row;
  const credential = await findCredentialState(tx, row.id);
  if (isRefusal && credential?.kind === 'oauth') await markTokenRefused(tx, row.id, credential.version, now);
  const wanted = await updateChannel(tx, row.id, { checkRequestedAt: row.checkRequestedAt ?? now });
  await wake(wanted);
  return wanted;
}
