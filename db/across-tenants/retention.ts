import { randomBytes } from 'node:crypto';
import { and, eq, inArray, isNull, lt, notExists, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Database, Transaction } from '../client.ts';
import { idBefore } from '../ids.ts';
import { grantRevocations } from '../schema/grant-revocations.ts';
import { keptMails } from '../schema/kept-mails.ts';
import { links, signIns } from '../schema/links.ts';
import { listHeld } from '../messages/content.ts';
import { messageParts, messages } from '../schema/messages.ts';
import { notices } from '../schema/notices.ts';
import { DEFAULT_RETENTION_DAYS } from '../access/tenants.ts';

/**
 * Deletes content and envelope of messages that were acknowledged longer ago than the tenant's policy says. A tombstone
 * stays: places and fingerprint keep the message from coming twice for the life of the channel. Returns how many;
 * `limit` when there may be more. Each tenant is one look into its index: those with nothing due cost no row.
 */
export async function retireMessages(
  database: Database,
  { now, limit }: { now: Date; limit: number },
): Promise<number> {
  return database.acrossTenants(async (tx) => {
    const at = now.toISOString();
    const rows = await tx.execute<{ id: string }>(sql`
    with due as (
      select m.id, m.content_id from tenants t cross join lateral (
        select id, content_id from messages
        where tenant_id = t.id and acknowledged_at is not null and retired_at is null
          and acknowledged_at <= ${at}::timestamptz - make_interval(days =>
            case when t.policy -> 'retention_days' is null then ${DEFAULT_RETENTION_DAYS}::int
                 else (t.policy ->> 'retention_days')::int end)
        order by acknowledged_at limit ${limit} for update skip locked) m
      limit ${limit}
    ), emptied as (
      delete from message_parts where content_id in (select content_id from due)
    )
    update messages set retired_at = ${at}, message_id = null, subject = null, sender = null, recipients = '[]', date = null,
                        folder = '', size = 0
    where id in (select id from due) returning id`);
    return rows.length;
  });
}

export interface ContentPage {
  /** The last content that was examined; null at the end. */
  last: string | null;
  /** Content without a message, and held for no item: written just now, or by a dead process. */
  unused: UnusedContent[];
}

export interface UnusedContent {
  contentId: string;
  tenantId: string;
  channelId: string;
}

/** Examines the next `limit` contents after `after`, by id. */
export async function findUnusedContent(database: Database, after: string, limit: number): Promise<ContentPage> {
  return database.acrossTenants(async (tx) => {
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
    const inUse = new Set([...used.map(({ contentId }) => contentId), ...(await listHeld(tx, ids))]);
    return {
      last: page.length === limit ? (ids.at(-1) ?? null) : null,
      unused: page.filter(({ contentId }) => !inUse.has(contentId)),
    };
  });
}

/** How long frequent events and finished webhook deliveries are kept. */
const PASSING_DAYS = 30;
const DAY_MS = 86_400_000;

/**
 * Deletes expired rows: answers of repeated requests, abandoned adoptions, ended sessions, kept mails, sends, sign-ins of yesterday,
 * unused links of banners, finished deliveries and events of passing interest. The other events of a channel are its timeline and
 * stay, as does the audit of token reads. Returns how many rows were deleted.
 */
export async function pruneExpired(database: Database, { now, limit }: { now: Date; limit: number }): Promise<number> {
  return database.acrossTenants(async (tx) => {
    const before = new Date(now.getTime() - PASSING_DAYS * DAY_MS);
    const counts = [
      await deleteExpired(tx, 'idempotency_keys', { now, limit }),
      await deleteExpired(tx, 'adoptions', { now, limit }),
      await pruneRevocations(tx, now),
      await pruneQuotas(tx, new Date(now.getTime() - DAY_MS)),
      await tx
        .delete(keptMails)
        .where(
          inArray(
            keptMails.id,
            tx.select({ id: keptMails.id }).from(keptMails).where(lt(keptMails.createdAt, before)).limit(limit),
          ),
        )
        .returning({ id: keptMails.id }),
      await tx.execute(sql`
      delete from sends where id in (
        select id from sends where created_at < ${before.toISOString()} limit ${limit})
      returning id`),
      await deleteExpired(tx, 'ui_sessions', { now, limit }),
      await tx
        .delete(signIns)
        .where(
          inArray(
            signIns.stateHash,
            tx
              .select({ stateHash: signIns.stateHash })
              .from(signIns)
              .where(lt(signIns.expiresAt, new Date(now.getTime() - DAY_MS)))
              .limit(limit),
          ),
        )
        .returning({ id: signIns.stateHash }),
      await tx
        .delete(links)
        .where(inArray(links.id, unusedBannerLinks(tx, before, limit)))
        .returning({ id: links.id }),
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
  });
}

/** Rows of quotas that are examined at a time. */
const QUOTAS_AT_ONCE = 2_000;

const stretch = (where: SQL) =>
  sql`(select key, used_until from quotas where ${where} order by key limit ${QUOTAS_AT_ONCE})`;

/**
 * A stretch from anywhere, as the keys are hashes. An index of `used_until` would be written by every use of a quota.
 */
function pruneQuotas(tx: Transaction, before: Date) {
  const from = randomBytes(32).toString('hex');
  return tx.execute(sql`
    delete from quotas where key in (
      select key from (${stretch(sql`key >= ${from}`)} union all ${stretch(sql`key < ${from}`)}) stretch
      where used_until < ${before.toISOString()})
    returning key`);
}

/**
 * A banner makes a link for each channel that needs a person, and nearly all of them expire unused. One that was renewed
 * stays: the list of notices names the person who asked for it.
 */
function unusedBannerLinks(tx: Transaction, before: Date, limit: number) {
  const renewed = tx.select({ id: notices.id }).from(notices).where(eq(notices.linkId, links.id));
  return tx
    .select({ id: links.id })
    .from(links)
    .where(and(eq(links.forBanner, true), isNull(links.usedAt), lt(links.expiresAt, before), notExists(renewed)))
    .limit(limit);
}

/** Rows that another process deletes are left to it. */
async function deleteExpired(
  tx: Transaction,
  table: 'idempotency_keys' | 'adoptions' | 'ui_sessions',
  { now, limit }: { now: Date; limit: number },
): Promise<unknown[]> {
  return tx.execute(sql`
    delete from ${sql.identifier(table)} where ctid = any (array(
      select ctid from ${sql.identifier(table)} where expires_at < ${now.toISOString()}::timestamptz
      limit ${limit} for update skip locked))
    returning 1`);
}

/** Two days are longer than any sign-in or adoption takes from its tokens to its end. */
function pruneRevocations(tx: Transaction, now: Date): Promise<{ key: string }[]> {
  return tx
    .delete(grantRevocations)
    .where(lt(grantRevocations.until, new Date(now.getTime() - 2 * DAY_MS)))
    .returning({ key: grantRevocations.grantKey });
}
