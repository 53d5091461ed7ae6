import type { LinkRow } from '../db/access/links.ts';
import type { RecipientReference } from '../db/across-tenants/notices.ts';
import type { Transaction } from '../db/client.ts';
import { newId } from '../db/ids.ts';
import { countNoticesOfLink, insertNotices } from '../db/notices/notices.ts';
import { recipientIdOf } from './recipient-id.ts';

/** The most renewals of a link, and the shortest time between two, in ms: its holder may be anyone. */
const MOST_TIMES = 5;
const APART_MS = 10 * 60_000;

/**
 * Plans a mail with a new link in place of one that is over. Empty where the link was sent anew moments ago, or often. Call
 * it with the link's row locked, and `wakeRecipients` after the commit.
 */
export async function planNewLink(
  tx: Transaction,
  { link, recipient, now }: { link: LinkRow; recipient: string; now: Date },
): Promise<RecipientReference[]> {
  const { id: linkId, tenantId, channelId, incidentId } = link;
  const asked = await countNoticesOfLink(tx, linkId, new Date(now.getTime() - APART_MS));
  if (asked.recently > 0 || asked.times >= MOST_TIMES) return [];
  return insertNotices(tx, [
    {
      id: newId('ntc'),
      tenantId,
      channelId,
      linkId,
      incidentId,
      recipient,
      recipientId: recipientIdOf(tenantId, recipient),
      kind: 'new_link',
      occasion: `new_link/${linkId}/${asked.times + 1}`,
      why: 'asked',
      state: 'queued',
      dueAt: now,
      createdAt: now,
      at: now,
    },
  ]);
}
