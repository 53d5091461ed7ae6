import { endOfGrant } from '../channels/tell-expiring.ts';
import { findPolicy } from '../db/access/tenants.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import type { CredentialState } from '../db/credentials/credentials.ts';
import { insertWarnings } from '../db/notices/notices.ts';
import type { NoticeRow } from '../db/notices/notices.ts';
import { HOLDS_GRANT, isOneOf, LEFT } from '../domain/channel.ts';
import { expiringEnd, expiringOccasion } from '../domain/notices/notice.ts';
import type { Context } from '../runtime/context.ts';
import { audienceOf, rowsOf } from './audience.ts';

/**
 * Plans the warning that a grant ends soon, once for each person and end. It is sent while the channel works (`isWarned`).
 */
export async function planExpiring(
  tx: Transaction,
  channel: ChannelRow,
  { end, now }: { end: Date; now: Date },
): Promise<NoticeRow[]> {
  if (!isOneOf(HOLDS_GRANT, channel.status) || end <= now) return [];
  const policy = await findPolicy(tx, channel.tenantId);
  // The warning asks for a sign-in, also while the status asks for an administrator.
  const working = { ...channel, status: 'connected' as const };
  const people = await audienceOf(tx, working, policy, policy.adminsJoinAfterDays === 0);
  const step = { occasion: expiringOccasion(end), kind: 'expiring' } as const;
  const rows = await insertWarnings(tx, rowsOf({ ...channel, incidentId: null }, step, { people, hold: null, now }));
  return rows.filter(({ state }) => state === 'queued');
}

interface Warned {
  channel: ChannelRow;
  credential: CredentialState | null;
}

/** The end of a grant that a warning tells of, and why; null: a refresh or a sign-in has moved it, or it is over. */
export function endThatIsTold(
  context: Pick<Context, 'providers'>,
  { channel, credential, occasion, now }: Warned & { occasion: string; now: Date },
) {
  const told = expiringEnd(occasion);
  if (told === null || told <= now || isOneOf(LEFT, channel.status)) return null;
  const end = credential && endOfGrant(context, channel.accessType, credential);
  return end?.expiresAt.getTime() === told.getTime() ? end : null;
}
