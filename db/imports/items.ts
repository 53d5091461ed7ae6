import { and, eq, inArray, isNull, lt, not, notInArray, or, sql } from 'drizzle-orm';
import type { InferSelectModel, SQL } from 'drizzle-orm';
import { receiptOf } from '../../domain/receipt.ts';
import type { Receipt, ReceiptGroup } from '../../domain/receipt.ts';
import type { Transaction } from '../client.ts';
import type { PlacedId } from '../messages/messages.ts';
import { importItems } from '../schema/imports.ts';

export type ImportItemRow = InferSelectModel<typeof importItems>;
export type NewImportItem = typeof importItems.$inferInsert;

/** An item that failed this often is quarantined: counted, listed, and no longer in the way. */
export const MAX_TRIES = 3;

/** An item that an import listed before. */
export interface ListedBefore {
  generation: string;
  providerId: string;
  outcome: ImportItemRow['outcome'];
  tries: number;
  /** Quarantined, and to be retried. */
  replay: boolean;
  lastError: string | null;
  triedAt: Date | null;
}

/** Written for a message that the provider did not have at the last look; one absence proves nothing. */
export const ABSENT = 'absent';

/** What could not be fetched is tried again by itself, hourly for a day, then daily for 30 days after `since`. */
export function nextRetry(since: SQL, now: SQL): SQL {
  return sql`case when ${now} < ${since} + interval '1 day' then ${now} + interval '1 hour'
                  when ${now} < ${since} + interval '30 days' then ${now} + interval '1 day' end`;
}

/** Listed and not settled, or quarantined and being retried. */
export const isOpen = sql`(${importItems.outcome} is null or ${importItems.replay})`;

/** Of these ids, the ones that this import listed before, with any outcome; looked up one by one. */
export async function findListedItems(
  tx: Transaction,
  { importId, scope }: { importId: string; scope: string },
  asked: readonly PlacedId[],
): Promise<ListedBefore[]> {
  if (asked.length === 0) return [];
  const found = await tx.execute<Record<string, unknown> & ListedBefore>(sql`
    select asked.generation, asked.id as "providerId", item.outcome, item.tries, item.replay,
           item.last_error as "lastError", item.tried_at as "triedAt"
    from unnest(${sql.param(asked.map(({ generation }) => generation))}::text[],
                ${sql.param(asked.map(({ providerId }) => providerId))}::text[]) as asked (generation, id)
    cross join lateral (
      select outcome, tries, replay, last_error, tried_at from import_items
      where import_id = ${importId} and scope = ${scope} and generation = asked.generation and provider_id = asked.id
      offset 0
    ) as item`);
  return [...found].map((item) => ({ ...item, triedAt: item.triedAt && new Date(item.triedAt) }));
}

/**
 * Writes the outcomes of items. An outcome is final: a straggler changes nothing. A retried item of the quarantine
 * counts as skipped until it is stored.
 */
export async function writeItems(tx: Transaction, items: NewImportItem[]): Promise<void> {
  if (items.length === 0) return;
  await tx.execute(sql`
    insert into import_items (import_id, scope, generation, provider_id, channel_id, tenant_id, outcome, skip_reason,
                              repaired, tries, last_error, tried_at, quarantined_at, retry_at, message_id, listed_at)
    select "importId", "scope", "generation", "providerId", "channelId", "tenantId", "outcome", "skipReason",
           coalesce("repaired", false), coalesce("tries", 0), "lastError", "triedAt",
           case when "skipReason" = 'unfetchable' then "triedAt" end,
           case when "skipReason" = 'unfetchable' then "triedAt" + interval '1 hour' end, "messageId", "listedAt"
    from json_to_recordset(${JSON.stringify(items)}::json) as row (
      "importId" text, "scope" text, "generation" text, "providerId" text, "channelId" text, "tenantId" text,
      "outcome" text, "skipReason" text, "repaired" boolean, "tries" integer, "lastError" text, "triedAt" timestamptz,
      "messageId" text, "listedAt" timestamptz)
    on conflict (import_id, scope, generation, provider_id) do update
    set outcome = coalesce(excluded.outcome, import_items.outcome),
        skip_reason = case when excluded.outcome is null then import_items.skip_reason else excluded.skip_reason end,
        message_id = excluded.message_id, tries = excluded.tries, last_error = excluded.last_error,
        tried_at = excluded.tried_at, replay = import_items.replay and excluded.outcome is null,
        quarantined_at = coalesce(import_items.quarantined_at, excluded.quarantined_at),
        held_content_id = case when excluded.outcome is null then import_items.held_content_id end,
        held_facts = case when excluded.outcome is null then import_items.held_facts end,
        retry_at = case when excluded.skip_reason = 'unfetchable'
                        then ${nextRetry(sql`coalesce(import_items.quarantined_at, excluded.tried_at)`, sql`excluded.tried_at`)} end
    where import_items.outcome is null or import_items.replay`);
}

/** Listed items that could not be fetched yet and are worth another try. */
export async function listUnsettledItems(
  tx: Transaction,
  importId: string,
  limit: number,
  without: string[],
): Promise<ImportItemRow[]> {
  const isElsewhere = without.length === 0 ? undefined : notInArray(importItems.scope, without);
  return tx
    .select()
    .from(importItems)
    .where(and(eq(importItems.importId, importId), isOpen, lt(importItems.tries, MAX_TRIES), isElsewhere))
    .orderBy(importItems.scope, importItems.providerId)
    .limit(limit);
}

/** The folder is gone, and with it its listed, unfetched items. */
export async function skipVanishedItems(tx: Transaction, importId: string, scope: string): Promise<void> {
  await tx
    .update(importItems)
    .set({ outcome: 'skipped', skipReason: 'gone', replay: false })
    .where(and(eq(importItems.importId, importId), eq(importItems.scope, scope), isOpen));
}

/** The parts in which an import listed messages that are neither stored nor known. */
export async function listScopesWithTrouble(tx: Transaction, importId: string): Promise<string[]> {
  const isHad = inArray(importItems.outcome, ['imported', 'already_had']);
  const rows = await tx
    .selectDistinct({ scope: importItems.scope })
    .from(importItems)
    .where(and(eq(importItems.importId, importId), or(isNull(importItems.outcome), not(isHad))));
  return rows.map(({ scope }) => scope);
}

/**
 * The receipts of imports. A message counts once, also if it was listed in several folders: as imported if this import
 * stored it, and so on down.
 */
export async function readReceipts(tx: Transaction, importIds: string[]): Promise<Map<string, Receipt>> {
  if (importIds.length === 0) return new Map();
  const ids = sql.join(
    importIds.map((id) => sql`${id}`),
    sql`, `,
  );
  const groups = await tx.execute<Record<string, unknown> & { importId: string } & ReceiptGroup>(sql`
    with settled as (
      select import_id,
             case when bool_or(outcome = 'imported') then 'imported' when bool_or(outcome = 'already_had') then 'already_had'
                  when bool_or(outcome = 'skipped') then 'skipped' end as outcome,
             min(skip_reason) as skip_reason,
             coalesce(bool_or(repaired), false) as repaired
      from import_items where import_id in (${ids})
      group by import_id, coalesce(message_id, jsonb_build_array(scope, generation, provider_id)::text)
    )
    select import_id as "importId", outcome, case when outcome = 'skipped' then skip_reason end as "skipReason", repaired,
           count(*)::int as count
    from settled group by 1, 2, 3, 4`);
  return new Map(importIds.map((id) => [id, receiptOf([...groups].filter(({ importId }) => importId === id))]));
}
