import { findChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { listSentSince } from '../db/notices/notices.ts';
import type { NoticeRow } from '../db/notices/notices.ts';
import type { Person, TenantPolicy } from '../db/schema/tenants.ts';
import { isSameAddress } from '../domain/address.ts';
import { DIGEST_MS } from '../domain/notices/next-mail.ts';
import type { MailRules, QueuedNotice } from '../domain/notices/next-mail.ts';
import { plainKind, sharesMail } from '../domain/notices/notice.ts';
import { afterQuietHours } from '../domain/notices/quiet-hours.ts';

export const timesOf = (row: NoticeRow): QueuedNotice => ({
  id: row.id,
  channelId: row.channelId,
  kind: plainKind(row),
  mailId: row.mailId,
  dueAt: row.dueAt.getTime(),
  heldUntil: row.heldUntil?.getTime() ?? null,
});

/** The rules for a person's next mail; `notice` is any of the person's. */
export async function rulesOf(
  tx: Transaction,
  { notice, policy, now }: { notice: NoticeRow; policy: TenantPolicy; now: Date },
): Promise<MailRules> {
  const channel = notice.channelId === null ? null : await findChannel(tx, notice.channelId);
  const person = findPerson(notice.recipient, channel, policy);
  const sent = await listSentSince(tx, notice.recipientId, new Date(now.getTime() - DIGEST_MS));
  return {
    now: now.getTime(),
    digest: policy.digest,
    quietFirst: policy.quietFirst,
    afterQuietHours: (at) => afterQuietHours(new Date(at), policy.quietHours, person.timeZone).getTime(),
    sent: sent.filter(({ kind }) => sharesMail(kind)).map(({ channelId, at }) => ({ channelId, at: at.getTime() })),
  };
}

/** The person at an address, as the product named them: the channel's owner, or an admin. */
export function findPerson(address: string | null, channel: ChannelRow | null, { admins }: TenantPolicy): Person {
  const known = [...(channel?.owner ? [channel.owner] : []), ...admins];
  const email = address ?? '';
  return known.find((person) => isSameAddress(person.email, email)) ?? { email, name: null };
}
