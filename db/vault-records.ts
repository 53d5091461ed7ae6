import { sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Transaction } from './client.ts';

interface Place {
  table: string;
  keys: string[];
  record: string;
  tenant: string;
  owner: string;
  version: string;
}

/** Where records of the vault stand that outlive a day, and what each is bound to there. */
const PLACES = {
  refresh_secret: {
    table: 'credentials',
    keys: ['channel_id'],
    record: 'sealed_secret',
    tenant: 'tenant_id',
    owner: 'channel_id',
    version: 'secret_version',
  },
  token_answer: {
    table: 'refresh_attempts',
    keys: ['id'],
    record: 'sealed_answer',
    tenant: 'tenant_id',
    owner: 'channel_id',
    version: 'version',
  },
  access_token: {
    table: 'credentials',
    keys: ['channel_id'],
    record: 'access_token_jwe',
    tenant: 'tenant_id',
    owner: 'channel_id',
    version: 'version',
  },
  webhook_secret: {
    table: 'webhook_endpoints',
    keys: ['id'],
    record: 'secret_jwe',
    tenant: `coalesce(tenant_id, '')`,
    owner: 'id',
    version: '1',
  },
  message_part: {
    table: 'message_parts',
    keys: ['content_id', 'part'],
    record: 'jwe',
    tenant: 'tenant_id',
    owner: 'content_id',
    version: 'part',
  },
} satisfies Record<string, Place>;

export type RecordKind = keyof typeof PLACES;
export const RECORD_KINDS = Object.keys(PLACES) as RecordKind[];

/** Records that are gone within a day, and are only waited for. */
const PASSING = [
  { table: 'sign_ins', record: 'code_verifier_jwe' },
  { table: 'idempotency_keys', record: 'sealed_answer' },
];

export interface VaultRecord {
  kind: RecordKind;
  key: string[];
  tenant: string;
  owner: string;
  version: number;
  record: string;
}

/** The key id in a record's header; null where there is none. */
const keyIdOf = (record: string): SQL => sql.raw(`vault_key_id(${record})`);

/** The next records of a kind that are not under the key `keyId`, in the order of their rows' keys. */
export async function listRecordsUnlike(
  tx: Transaction,
  kind: RecordKind,
  page: { keyId: string; after: string[] | null; limit: number },
): Promise<VaultRecord[]> {
  const place: Place = PLACES[kind];
  const record = sql.raw(place.record);
  const keys = sql.raw(place.keys.join(', '));
  const after = page.after ? sql`and (${keys}) > (${values(page.after, place)})` : sql``;
  const rows = await tx.execute<{ key: string[]; tenant: string; owner: string; version: number; record: string }>(sql`
    select array[${sql.raw(place.keys.map((key) => `${key}::text`).join(', '))}] as key, ${sql.raw(place.tenant)} as tenant,
           ${sql.raw(place.owner)} as owner, ${sql.raw(place.version)} as version, ${record} as record
    from ${sql.raw(place.table)} where ${record} is not null and ${keyIdOf(place.record)} is distinct from ${page.keyId} ${after}
    order by ${keys} limit ${page.limit}`);
  return rows.map((row) => ({ kind, ...row }));
}

function values(key: string[], { keys }: Place): SQL {
  const typed = keys.map((name, i) => (name === 'part' ? sql`${Number(key[i])}::integer` : sql`${key[i] ?? ''}`));
  return sql.join(typed, sql`, `);
}

/** Puts the same content under another key, unless the record has been replaced meanwhile; false then. */
export async function replaceRecord(tx: Transaction, old: VaultRecord, record: string): Promise<boolean> {
  const place: Place = PLACES[old.kind];
  const column = sql.raw(place.record);
  const rows = await tx.execute(sql`
    update ${sql.raw(place.table)} set ${column} = ${record}
    where (${sql.raw(place.keys.join(', '))}) = (${values(old.key, place)}) and ${column} = ${old.record} returning 1`);
  return rows.length > 0;
}

export interface RecordCount {
  table: string;
  record: string;
  keyId: string;
  count: number;
}

/** How many records there are by table and key: a key without any may be taken out of the keys file. */
export async function countRecords(tx: Transaction): Promise<RecordCount[]> {
  const counts: RecordCount[] = [];
  for (const { table, record } of [...Object.values(PLACES), ...PASSING]) {
    const rows = await tx.execute<{ key_id: string; count: number }>(sql`
      select ${keyIdOf(record)} as key_id, count(*)::integer as count
      from ${sql.raw(table)} where ${sql.raw(record)} is not null group by 1`);
    counts.push(...rows.map((row) => ({ table, record, keyId: row.key_id, count: row.count })));
  }
  return counts;
}

/** Channels whose lasting secret, or an unread answer with one, is sealed under this key. */
export async function listChannelsSealedUnder(
  tx: Transaction,
  keyId: string,
): Promise<{ id: string; tenantId: string }[]> {
  const rows = await tx.execute<{ id: string; tenant_id: string }>(sql`
    select channel_id as id, tenant_id from credentials where ${keyIdOf('sealed_secret')} = ${keyId}
    union select channel_id, tenant_id from refresh_attempts where ${keyIdOf('sealed_answer')} = ${keyId} order by 1`);
  return rows.map((row) => ({ id: row.id, tenantId: row.tenant_id }));
}
