import { inArray, lt, sql } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { idBefore } from '../ids.ts';
import { adoptions } from '../schema/adoptions.ts';
import { messageParts, messages } from '../schema/messages.ts';
import { idempotencyKeys, uiSessions } from '../schema/tenants.ts';
import { DEFAULT_RETENTION_DAYS } from '../access/tenants.ts';

/**
 * Removes content and envelope of messages that the product has acknowledged longer ago than its tenant's policy says.
 * What stays is a tombstone: places and fingerprint keep the message from coming twice, for as long as the channel is.
 * Returns how many; as many as `limit` when there may be more.
 */
export async function retireMessages(tx: Transaction, { now, limit }: { now: Date; limit: number }): Promise<number> {
  const at = now.toISOString();
  const rows = await tx.execute<{ id: string }>(sql`
    with due as (
      select m.id, m.content_id from tenants t join messages m on m.tenant_id = t.id
      where m.acknowledged_at is not null and m.retired_at is null
        and m.acknowledged_at <= ${at}::timestamptz - make_interval(days =>
          case when t.policy -> 'retention_days' is null then ${DEFAULT_RETENTION_DAYS}::int
               else (t.policy ->> 'retention_days')::int end)
      limit ${limit} for update of m skip locked
    ), emptied as (
      delete from message_parts where content_id in (select content_id from due)
    )
    update messages set retired_at = ${at}, message_id = null, subject = null, sender = null, recipients = '[]', date = null,
                        folder = '', size = 0
    where id in (select id from due) returning id`);
  return rows.length;
}

export interface ContentPage {
  /** The last content that was looked at; null at the end of all. */
  last: string | null;
  /** Content that no message refers to: written this moment, or by a process that died. */
  unused: UnusedContent[];
}

export interface UnusedContent {
  contentId: string;
  tenantId: string;
  channelId: string;
}

/** Looks at the next `limit` contents after `after`, in the order of their ids. */
export async function findUnusedContent(tx: Transaction, after: string, limit: number): Promise<ContentPage> {
  const page = await tx
    .selectDistinctOn([messageParts.contentId], {
      contentId: messageParts.contentId,
      tenantId: messageParts.tenantId,
      channelId: messageParts.channelId,
    })
    .from(messageParts)
    .where(sql`${messageParts.contentId} > ${after}`)
    .orderBy(messageParts.contentId)
    .limit(limit);
  if (page.length === 0) return { last: null, unused: [] };
  const ids = page.map(({ contentId }) => contentId);
  const used = await tx
    .select({ contentId: messages.contentId })
    .from(messages)
    .where(inArray(messages.contentId, ids));
  const inUse = new Set(used.map(({ contentId }) => contentId));
  return {
    last: page.length === limit ? (ids.at(-1) ?? null) : null,
    unused: page.filter(({ contentId }) => !inUse.has(contentId)),
  };
}

/** How long events that are told often, and finished webhook deliveries, are kept. */
const PASSING_DAYS = 30;
const DAY_MS = 86_400_000;

/**
 * Removes what has served its time: answers kept for repeated requests, adoptions nobody came back for, sessions that are
 * over, finished deliveries and events of passing interest. The rest of a channel's events is its diary, and the audit of token reads is an audit:
 * both stay. Returns how many rows went.
 */
export async function pruneExpired(tx: Transaction, { now, limit }: { now: Date; limit: number }): Promise<number> {
  const before = new Date(now.getTime() - PASSING_DAYS * DAY_MS);
  const counts = [
    await tx.delete(idempotencyKeys).where(lt(idempotencyKeys.expiresAt, now)).returning({ id: idempotencyKeys.hash }),
    await tx.delete(adoptions).where(lt(adoptions.expiresAt, now)).returning({ hash: adoptions.tokenHash }),
    await tx.delete(uiSessions).where(lt(uiSessions.expiresAt, now)).returning({ id: uiSessions.hash }),
    await tx.execute(sql`
      delete from events where id in (
        select id from events
        where type in ('message.received', 'import.progress', 'credential.refreshed') and at < ${before.toISOString()}
        limit ${limit})
      returning id`),
    await tx.execute(sql`
      delete from webhook_deliveries where id in (
        select id from webhook_deliveries
        where id < ${idBefore('whd', before)} and state <> 'pending' and created_at < ${before.toISOString()}
        order by id limit ${limit})
      returning id`),
  ];
  return counts.reduce((sum, rows) => sum + rows.length, 0);
}
