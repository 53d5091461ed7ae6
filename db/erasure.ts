import { sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Transaction } from './client.ts';

/** Rows that one transaction deletes: none is long, and another tenant's commit waits for none. */
const AT_ONCE = 1_000;
/** Parts have up to 256 KiB each. */
const PARTS_AT_ONCE = 100;

/** Rows to delete, batch by batch. */
export interface Erasable {
  table: string;
  where: SQL;
  limit: number;
  /** What names a row; left out: where it lies. */
  key?: string;
}

const ofChannel = (table: string, channelId: string, limit = AT_ONCE): Erasable => ({
  table,
  where: sql`channel_id = ${channelId}`,
  limit,
});

/** A channel's mail, content first, so that an interrupted erasure can be repeated; and its sends, which name recipients. */
export const mailOf = (channelId: string): Erasable[] => [
  ofChannel('message_parts', channelId, PARTS_AT_ONCE),
  ...['message_locations', 'messages', 'message_notices', 'sends'].map((table) => ofChannel(table, channelId)),
];

/** What else a channel may have many of; the rest goes with its row. */
export const historyOf = (channelId: string): Erasable[] => [
  ...['events', 'notices', 'links'].map((table) => ofChannel(table, channelId)),
  // A server sees no row of it as a whole, and so no `ctid`.
  { ...ofChannel('refresh_attempts', channelId), key: 'id' },
  {
    table: 'import_items',
    where: sql`import_id in (select id from imports where channel_id = ${channelId})`,
    limit: AT_ONCE,
  },
  ofChannel('imports', channelId),
  { table: 'channels', where: sql`id = ${channelId}`, limit: 1 },
];

/** What a tenant may have many of beside its channels. */
export const restOf = (tenantId: string): Erasable[] =>
  ['events', 'links', 'notices', 'kept_mails', 'refused_addresses'].map((table) => ({
    table,
    where: sql`tenant_id = ${tenantId}`,
    limit: AT_ONCE,
  }));

/**
 * Deletes a batch; whether more may be left. The rows are locked before they are counted: else an erasure that has waited for
 * another's batch deletes none of it, and takes the rest for gone.
 */
export async function eraseSome(tx: Transaction, { table, where, limit, key = 'ctid' }: Erasable): Promise<boolean> {
  const rows = await tx.execute(sql`
    delete from ${sql.identifier(table)} where ${sql.identifier(key)} = any (array(
      select ${sql.identifier(key)} from ${sql.identifier(table)} where ${where} limit ${limit}
      for update))
    returning 1`);
  return rows.length === limit;
}
