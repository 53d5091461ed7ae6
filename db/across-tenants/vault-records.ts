import { sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Database, Transaction } from '../client.ts';

interface Place {
  how: 'sealed' | 'encrypted';
  table: string;
  keys: string[];
  record: string;
  tenant: string;
  owner: string;
  version: string;
}

/** Where vault records that outlive a day are stored, and what each is bound to. */
const PLACES = {
  refresh_secret: {
    how: 'sealed',
    table: 'credentials',
    keys: ['channel_id'],
    record: 'sealed_secret',
    tenant: 'tenant_id',
    owner: 'channel_id',
    version: 'secret_version',
  },
  former_secret: {
    how: 'sealed',
    table: 'former_accesses',
    keys: ['id'],
    record: 'sealed_secret',
    tenant: 'tenant_id',
    owner: 'channel_id',
    version: 'secret_version',
  },
  token_answer: {
    how: 'sealed',
    table: 'refresh_attempts',
    keys: ['id'],
    record: 'sealed_answer',
    tenant: 'tenant_id',
    owner: 'channel_id',
    version: 'version',
  },
  adopted_token: {
    how: 'sealed',
    table: 'adoptions',
    keys: ['tenant_id', 'token_hash'],
    record: 'sealed_token',
    tenant: 'tenant_id',
    owner: 'token_hash',
    version: '1',
  },
  adoption_answer: {
    how: 'sealed',
    table: 'adoptions',
    keys: ['tenant_id', 'token_hash'],
    record: 'sealed_answer',
    tenant: 'tenant_id',
    owner: 'token_hash',
    version: '1',
  },
  access_token: {
    how: 'encrypted',
    table: 'credentials',
    keys: ['channel_id'],
    record: 'access_token_jwe',
    tenant: 'tenant_id',
    owner: 'channel_id',
    version: 'version',
  },
  webhook_secret: {
    how: 'encrypted',
    table: 'webhook_endpoints',
    keys: ['id'],
    record: 'secret_jwe',
    tenant: `coalesce(tenant_id, '')`,
    owner: 'id',
    version: '1',
  },
  other_webhook_secret: {
    how: 'encrypted',
    table: 'webhook_endpoints',
    keys: ['id'],
    record: 'other_secret_jwe',
    tenant: `coalesce(tenant_id, '')`,
    owner: 'id',
    version: '1',
  },
  message_part: {
    how: 'encrypted',
    table: 'message_parts',
    keys: ['content_id', 'part'],
    record: 'jwe',
    tenant: 'tenant_id',
    owner: 'content_id',
    version: 'part',
  },
  kept_mail: {
    how: 'encrypted',
    table: 'kept_mails',
    keys: ['id'],
    record: 'jwe',
    tenant: 'tenant_id',
    owner: 'id',
    version: '1',
  },
} satisfies Record<string, Place>;

export type RecordKind = keyof typeof PLACES;
export const RECORD_KINDS = Object.keys(PLACES) as RecordKind[];
export const isSealed = (kind: RecordKind): boolean => PLACES[kind].how === 'sealed';
/** What the records of a place are bound to: a secret that rests keeps its seal. */
export function boundKindOf(kind: RecordKind): Exclude<RecordKind, 'former_secret' | 'other_webhook_secret'> {
  if (kind === 'former_secret') return 'refresh_secret';
  return kind === 'other_webhook_secret' ? 'webhook_secret' : kind;
}

/** Records that live less than a day and are not re-wrapped: none is needed after `expires_at`. */
const PASSING = [
  { how: 'encrypted' as const, table: 'sign_ins', record: 'code_verifier_jwe' },
  { how: 'encrypted' as const, table: 'idempotency_keys', record: 'sealed_answer' },
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

/** The next records of a kind that are not under the key `keyId`, by their rows' keys. */
export async function listRecordsUnlike(
  database: Database,
  kind: RecordKind,
  page: { keyId: string; after: string[] | null; limit: number },
): Promise<VaultRecord[]> {
  return longTurn(database, async (tx) => {
    const place: Place = PLACES[kind];
    const record = sql.raw(place.record);
    const keys = sql.raw(place.keys.join(', '));
    const after = page.after ? sql`and (${keys}) > (${values(page.after, place)})` : sql``;
    const rows = await tx.execute<{
      key: string[];
      tenant: string;
      owner: string;
      version: number;
      record: string;
    }>(sql`
    select array[${sql.raw(place.keys.map((key) => `${key}::text`).join(', '))}] as key, ${sql.raw(place.tenant)} as tenant,
           ${sql.raw(place.owner)} as owner, ${sql.raw(place.version)} as version, ${record} as record
    from ${sql.raw(place.table)} where ${record} is not null and ${keyIdOf(place.record)} is distinct from ${page.keyId} ${after}
    order by ${keys} limit ${page.limit}`);
    return rows.map((row) => ({ kind, ...row }));
  });
}

function values(key: string[], { keys }: Place): SQL {
  const typed = keys.map((name, i) => (name === 'part' ? sql`${Number(key[i])}::integer` : sql`${key[i] ?? ''}`));
  return sql.join(typed, sql`, `);
}

/** The same content under another key. */
export interface RenewedRecord {
  old: VaultRecord;
  record: string;
}

/** Replaces records of one kind, except those that were replaced meanwhile; returns how many were replaced. */
export async function replaceRecords(database: Database, kind: RecordKind, renewed: RenewedRecord[]): Promise<number> {
  return database.acrossTenants(async (tx) => {
    if (renewed.length === 0) return 0;
    const place: Place = PLACES[kind];
    const table = sql.raw(place.table);
    const column = sql.raw(place.record);
    const rows = renewed.map(({ old, record }) => sql`(${values(old.key, place)}, ${old.record}, ${record})`);
    const keys = sql.raw(place.keys.map((key) => `renewed.${key}`).join(', '));
    const replaced = await tx.execute(sql`
    update ${table} set ${column} = renewed.new_record
    from (values ${sql.join(rows, sql`, `)}) as renewed (${sql.raw(place.keys.join(', '))}, old_record, new_record)
    where (${sql.raw(place.keys.map((key) => `${place.table}.${key}`).join(', '))}) = (${keys})
      and ${table}.${column} = renewed.old_record returning 1`);
    return replaced.length;
  });
}

export interface RecordCount {
  how: 'sealed' | 'encrypted';
  table: string;
  record: string;
  keyId: string;
  count: number;
}

/** Keys that are excluded. */
export type KnownKeys = Record<'sealed' | 'encrypted', string[]>;

/**
 * The number of records by table and key: a key without records may be removed from the keys file. A record that names
 * no key opens with none; re-wrapping reports it, and it is not counted here.
 */
export async function countRecords(
  database: Database,
  now: Date,
  known: KnownKeys = { sealed: [], encrypted: [] },
): Promise<RecordCount[]> {
  return longTurn(database, async (tx) => {
    const hidden = await countHidden(tx);
    const counts: RecordCount[] = [];
    for (const place of [...Object.values(PLACES), ...PASSING]) {
      const { how, table, record } = place;
      const counting = 'keys' in place ? (hidden.get(`${table}.${record}`) ?? []) : countLiving(tx, place, now);
      const rows = await (table === 'message_parts' ? countByIndex(tx, place, known[how]) : counting);
      const asked = rows.filter(({ key_id: keyId }) => keyId && !known[how].includes(keyId));
      counts.push(...asked.map((row) => ({ how, table, record, keyId: row.key_id, count: row.count })));
    }
    return counts;
  });
}

/** Reads whole tables: longer than a login's statement_timeout allows. */
function longTurn<T>(database: Database, work: (tx: Transaction) => Promise<T>): Promise<T> {
  return database.acrossTenants(async (tx) => {
    await tx.execute(sql`select set_config('statement_timeout', '10min', true)`);
    return work(tx);
  });
}

type KeyCount = { key_id: string; count: number };
type Column = Pick<Place, 'table' | 'record'>;

/** Columns that this role may not read, by `table.column`. */
async function countHidden(tx: Transaction): Promise<Map<string, KeyCount[]>> {
  const rows = await tx.execute<KeyCount & { place: string }>(sql`select * from count_vault_keys()`);
  return Map.groupBy(rows, ({ place }) => place);
}

function countLiving(tx: Transaction, { table, record }: Column, now: Date) {
  return tx.execute<KeyCount>(sql`
    select ${keyIdOf(record)} as key_id, count(*)::integer as count
    from ${sql.raw(table)} where ${sql.raw(record)} is not null and expires_at > ${now.toISOString()} group by 1`);
}

/** From key to key along the index: reading every part of every message would take hours. */
function countByIndex(tx: Transaction, { table, record }: Column, known: string[]) {
  const from = sql.raw(table);
  const key = keyIdOf(record);
  return tx.execute<KeyCount>(sql`
    with recursive used as (
      (select ${key} as key_id from ${from} where ${key} is not null order by 1 limit 1)
      union all
      select (select ${key} from ${from} where ${key} > used.key_id order by 1 limit 1) from used
      where used.key_id is not null)
    select key_id, (select count(*)::integer from ${from} where ${key} = key_id) as count
    from used where key_id is not null and key_id not in ${['', ...known]}`);
}

/** Channels whose lasting secret, or an unread answer with one, is sealed under this key. */
export async function listChannelsSealedUnder(
  database: Database,
  keyId: string,
): Promise<{ id: string; tenantId: string }[]> {
  return longTurn(database, async (tx) => {
    const rows = await tx.execute<{ id: string; tenant_id: string }>(sql`
    select channel_id as id, tenant_id from credentials where ${keyIdOf('sealed_secret')} = ${keyId}
    union select channel_id, tenant_id from refresh_attempts
      where ${keyIdOf('sealed_answer')} = ${keyId} and former_access_id is null order by 1`);
    return rows.map((row) => ({ id: row.id, tenantId: row.tenant_id }));
  });
}

/** Adoptions under way that are sealed under this key, so their tokens leaked with it. */
export async function dropAdoptionsSealedUnder(database: Database, keyId: string): Promise<void> {
  return database.acrossTenants(async (tx) => {
    await tx.execute(sql`
    delete from adoptions where ${keyIdOf('sealed_token')} = ${keyId} or ${keyIdOf('sealed_answer')} = ${keyId}`);
  });
}

/** Nothing leads back to an access whose secret is sealed under this key; its end is due. */
export async function endRestsSealedUnder(database: Database, keyId: string, now: Date): Promise<void> {
  return database.acrossTenants(async (tx) => {
    const at = now.toISOString();
    await tx.execute(sql`
    update former_accesses set can_return = false, rests_until = least(rests_until, ${at}), ends_at = least(ends_at, ${at})
    where ${keyIdOf('sealed_secret')} = ${keyId}`);
  });
}
