import { makeLink, makeNoticeLink } from '../connections/new-link.ts';
import { findLink } from '../db/access/links.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import type { NoticeRow } from '../db/notices/notices.ts';
import { expiringEnd } from '../domain/notices/notice.ts';
import type { Context } from '../runtime/context.ts';

/** The address of the page that a notice asks its person to open: to mend the channel, or in place of a link that is over. */
export async function noticeLink(
  context: Pick<Context, 'config'>,
  tx: Transaction,
  { notice, channel, now }: { notice: NoticeRow; channel: ChannelRow | null; now: Date },
): Promise<string> {
  const { incidentId, recipient, linkId, occasion } = notice;
  const expiresAt = expiringEnd(occasion);
  if (channel && recipient !== null && (incidentId !== null || expiresAt !== null)) {
    return makeNoticeLink(context, tx, { channel, incidentId, recipient, expiresAt }, now);
  }
  const expired = linkId === null ? null : await findLink(tx, linkId);
  if (!expired) throw new Error('Expected a notice of an incident, of a grant that ends, or of an expired link');
  const { tenantId, purpose, channelId, returnTo, origin } = expired;
  // The product vouched for the mailbox while the first link lived, and no longer.
  const spec = expired.spec.attested ? { ...expired.spec, attested: false } : expired.spec;
  const { url } = await makeLink(context, tx, { tenantId, purpose, channelId, spec, returnTo, origin }, now);
  return url;
}
