import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrateDatabase } from '../../db/migrate.ts';
import { PROGRAMS, ROLES_OF } from '../../db/roles.ts';
import type { Program } from '../../db/roles.ts';
import { startPostgres } from '../../embedded/postgres.ts';
import { makeLogins } from '../support/logins.ts';

/*
 * Every role against every table and verb, from the catalog: a new table, partition or role is tried without a word
 * here. What is allowed is written down; PostgreSQL itself must refuse every other attempt.
 */

const dir = mkdtempSync(join(tmpdir(), 'mooring-roles-'));
let cluster: Awaited<ReturnType<typeof startPostgres>>;
let admin: postgres.Sql;
const logins = {} as Record<Program, postgres.Sql>;

beforeAll(async () => {
  cluster = await startPostgres({ dir: join(dir, 'postgres') });
  await migrateDatabase(cluster.url);
  const urls = await makeLogins(cluster.url);
  for (const program of PROGRAMS) logins[program] = postgres(urls[program], { max: 1, onnotice: () => {} });
  admin = postgres(cluster.url, { max: 1, onnotice: () => {} });
}, 60_000);
afterAll(async () => {
  await Promise.all([admin, ...Object.values(logins)].map((client) => client?.end()));
  await cluster?.stop();
  rmSync(dir, { recursive: true });
});

const VERBS = ['select', 'insert', 'update', 'delete', 'truncate'] as const;
type Verb = (typeof VERBS)[number];
const ROWS: Verb[] = ['select', 'insert', 'update', 'delete'];

/** What a role may do with a table of Mooring's; the audit is added to by the token read alone. */
const processes = (table: Table): Verb[] => {
  if (table.schema !== 'public') return [];
  if (table.isPartition) return [];
  return table.name === 'token_reads' ? ['select'] : ROWS;
};
const tenantRole = (table: Table): Verb[] => (table.name === '__drizzle_migrations' ? ['select'] : processes(table));
const tokenReader = ({ name }: Table): Verb[] => {
  if (name === 'token_reads') return ['insert'];
  return name === 'channels' || name === 'credentials' ? ['select'] : [];
};
const nothing = (): Verb[] => [];

const MAY: Record<string, (table: Table) => Verb[]> = {
  mooring_app: tenantRole,
  mooring_vault: tenantRole,
  mooring_across_tenants: processes,
  mooring_vault_across_tenants: processes,
  mooring_token_reader: tokenReader,
  mooring_server: nothing,
  mooring_worker: nothing,
  mooring_listener: nothing,
};

/** Ciphertext that the server needs, and opens for its callers; everything else of the vault is hidden from it. */
const SERVED = ['message_parts.jwe', 'kept_mails.jwe', 'sign_ins.code_verifier_jwe', 'idempotency_keys.sealed_answer'];
const isCiphertext = (column: string) => /^sealed_|(^|_)jwe$/.test(column);

interface Table {
  schema: string;
  name: string;
  /** One that every role with rights to the table may read. */
  column: string;
  columns: string[];
  isPartition: boolean;
}

const listTables = () => admin<Table[]>`
  select n.nspname as schema, c.relname as name, c.relispartition as "isPartition",
    (select attname from pg_attribute a where a.attrelid = c.oid and a.attnum = 1) as column,
    array(select attname::text from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as columns
  from pg_class c join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'v', 'm') and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname not like 'pg\\_%'`;

const INSUFFICIENT_PRIVILEGE = '42501';

/** Refused or not before a row is looked at. */
function statementOf(verb: Verb, { schema, name, column }: Table): string {
  const table = `"${schema}"."${name}"`;
  const statements: Record<Verb, string> = {
    select: `select "${column}" from ${table} limit 0`,
    insert: `insert into ${table} default values`,
    update: `update ${table} set "${column}" = "${column}" where false`,
    delete: `delete from ${table} where false`,
    truncate: `truncate ${table}`,
  };
  return statements[verb];
}

/** Whether PostgreSQL denies a role a statement, which is rolled back; the row it fails at is not the question. */
async function isDenied(client: postgres.Sql, role: string, statement: string): Promise<boolean> {
  const over = new Error('over');
  try {
    await client.begin(async (tx) => {
      await tx`select set_config('role', ${role}, true), set_config('mooring.tenant', 'acme', true)`;
      await tx.unsafe(statement);
      throw over;
    });
  } catch (error) {
    const { code = '', message } = error as { code?: string; message: string };
    return code === INSUFFICIENT_PRIVILEGE && !message.includes('row-level security');
  }
  return false;
}

describe('rule 14: what each role may do', () => {
  test('every role of Mooring’s is in the table above', async () => {
    const roles = await admin<
      { name: string }[]
    >`select rolname as name from pg_roles where rolname like 'mooring\\_%'`;
    expect(roles.map(({ name }) => name).toSorted()).toEqual(Object.keys(MAY).toSorted());
  });

  test.each(Object.keys(MAY))(
    '%s, at every table with every verb',
    async (role) => {
      const tables = await listTables();
      expect(tables.length).toBeGreaterThan(20);
      for (const table of tables) {
        const allowed = MAY[role]?.(table) ?? [];
        for (const verb of VERBS) {
          const denied = await isDenied(admin, role, statementOf(verb, table));
          expect(denied, `${verb} ${table.schema}.${table.name}`).toBe(!allowed.includes(verb));
        }
      }
    },
    60_000,
  );

  test.each([
    ['mooring_app', false],
    ['mooring_across_tenants', false],
    ['mooring_vault', true],
    ['mooring_vault_across_tenants', true],
  ])('%s, at every column of the vault', async (role, isOfTheVault) => {
    const hidden: string[] = [];
    for (const { schema, name, columns } of await listTables()) {
      if (schema !== 'public') continue;
      for (const column of columns) {
        const denied = await isDenied(admin, role, `select "${column}" from "${schema}"."${name}" limit 0`);
        const isHidden = isCiphertext(column) && !SERVED.includes(`${name}.${column}`);
        if (isHidden) hidden.push(`${name}.${column}`);
        expect(denied, `${name}.${column}`).toBe(isHidden && !isOfTheVault);
      }
    }
    expect(hidden).toContain('credentials.access_token_jwe');
  });

  test('no role of Mooring’s owns a table, is a superuser, or may make others', async () => {
    const owned = await admin`
      select c.relname from pg_class c join pg_roles r on r.oid = c.relowner where r.rolname like 'mooring\\_%'`;
    expect(owned).toEqual([]);
    const powers = await admin`select rolname from pg_roles where rolname like 'mooring\\_%'
      and (rolsuper or rolcreaterole or rolcreatedb or rolreplication)`;
    expect(powers).toEqual([]);
    const passing = await admin<{ name: string }[]>`
      select rolname as name from pg_roles where rolname like 'mooring\\_%' and rolbypassrls order by 1`;
    expect(passing.map(({ name }) => name)).toEqual(['mooring_across_tenants', 'mooring_vault_across_tenants']);
  });
});

describe('the token read', () => {
  beforeAll(async () => {
    await admin.unsafe(`
      insert into tenants (id, created_at) values ('acme', now());
      insert into channels (id, tenant_id, kind, access_type, uses, account_email, account_login, account_provider_id,
          mailbox_key, status, status_since, credential_version, created_at)
        values ('chn_1', 'acme', 'individual', 'gmail', '{read}', 'a@b', 'a@b', '1', 'a@b', 'connected', now(), 1, now());
      insert into credentials (channel_id, tenant_id, kind, version, secret_version, sealed_secret, access_token_jwe,
          token_type, issued_at, expires_at, grant_key, updated_at)
        values ('chn_1', 'acme', 'oauth', 1, 1, 'sealed', 'encrypted', 'Bearer', now(), now() + interval '1 hour', 'g', now())`);
  });

  test('S-35: no table of the caller’s own takes the audit row', async () => {
    const read = `select access_token_jwe, served from serve_access_token('chn_1', 'acme', 'key_1', now(), 'fresh', null)`;
    await logins.server.begin(async (tx) => {
      await tx.unsafe(`
        create temporary table token_reads (tenant_id text, channel_id text, api_key_id text, version integer, at timestamptz);
        create temporary table credentials as select 'chn_1' as channel_id, 'theirs' as access_token_jwe`);
      expect([...(await tx.unsafe(read))]).toEqual([{ access_token_jwe: 'encrypted', served: 'fresh' }]);
      expect(await tx`select * from pg_temp.token_reads`).toEqual([]);
      await tx`drop table pg_temp.token_reads, pg_temp.credentials`;
    });
    const audit = await admin`select tenant_id, channel_id, api_key_id from token_reads`;
    expect([...audit]).toEqual([{ tenant_id: 'acme', channel_id: 'chn_1', api_key_id: 'key_1' }]);
  });

  test('S-35: every function with its owner’s rights looks for its tables in Mooring’s schema alone', async () => {
    const functions = await admin<{ name: string; config: string[] }[]>`
      select proname as name, proconfig as config from pg_proc p join pg_namespace n on n.oid = p.pronamespace
      where prosecdef and n.nspname not in ('pg_catalog', 'information_schema')`;
    expect(functions.map(({ name }) => name).toSorted()).toEqual([
      'count_vault_keys',
      'read_access_token',
      'rest_secret',
      'return_secret',
      'serve_access_token',
    ]);
    for (const { name, config } of functions) expect(config, name).toEqual(['search_path=pg_catalog, public, pg_temp']);
  });

  test('a release before that is still connected reads as it did, and no longer once it is gone', async () => {
    const hasAll = async () =>
      (await admin`select has_table_privilege('mooring_app', 'credentials', 'select') as all`)[0]?.['all'] as boolean;
    await admin`grant select on credentials to mooring_app`;
    const old = postgres(cluster.url, { max: 1, connection: { application_name: 'mooring', role: 'mooring_app' } });
    await old`select sealed_secret from credentials`;
    await migrateDatabase(cluster.url);
    expect(await hasAll()).toBe(true);
    await old`select sealed_secret from credentials`;
    await old.end();
    await migrateDatabase(cluster.url);
    expect(await hasAll()).toBe(false);
  });
});

describe.each(PROGRAMS)('the login of the %s', (program) => {
  test('takes the roles of its program, and no other', async () => {
    const roles = await admin<{ name: string }[]>`select rolname as name from pg_roles`;
    const mine: string[] = Object.values(ROLES_OF[program]);
    for (const { name } of roles) {
      const isOwn = name === `mooring_${program}`;
      expect(await isDenied(logins[program], name, 'select 1'), name).toBe(!isOwn && !mine.includes(name));
    }
  });

  test('without a role reaches no table, file or program of the host', async () => {
    for (const table of await listTables()) {
      for (const verb of VERBS) {
        expect(await isDenied(logins[program], 'none', statementOf(verb, table)), `${verb} ${table.name}`).toBe(true);
      }
    }
    for (const statement of [
      `copy (select 1) to program 'cat'`,
      `create temporary table t (line text); copy t from program 'id'`,
      `create temporary table t (line text); copy t from '/etc/passwd'`,
      `select pg_read_file('/etc/passwd')`,
      `select lo_import('/etc/passwd')`,
      'create table public.mine ()',
      'create role mine',
      `alter role mooring_server bypassrls`,
    ]) {
      expect(await isDenied(logins[program], 'none', statement), statement).toBe(true);
    }
    // No transaction may alter the system, so its denial cannot be tried in one.
    const [may] = await logins[program]`select has_parameter_privilege('log_statement', 'alter system') as alters`;
    expect(may).toEqual({ alters: false });
  });

  test('ends statements, waits and forgotten transactions by itself', async () => {
    const limits = await logins[program]`select name, setting::integer > 0 as "isSet" from pg_settings
      where name in ('statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout')`;
    expect(limits.map(({ isSet }) => isSet as boolean)).toEqual([true, true, true]);
  });
});

test('an operator’s own limits outlast a migration', async () => {
  await admin`alter role mooring_worker set statement_timeout = '7min'`;
  await migrateDatabase(cluster.url);
  const settings = await admin`select setconfig from pg_db_role_setting where setrole = to_regrole('mooring_worker')`;
  expect(settings[0]?.['setconfig']).toContain('statement_timeout=7min');
});

test('a partition, which row-level security of its table does not hold, is reached by no role', async () => {
  await admin.unsafe(`create table public.parted (tenant_id text, at int) partition by range (at)`);
  await admin.unsafe(`create table public.parted_1 partition of public.parted for values from (0) to (10)`);
  const roles = Object.values(ROLES_OF).flatMap(Object.values);
  for (const migrate of [async () => {}, () => migrateDatabase(cluster.url)]) {
    await migrate();
    for (const role of roles) expect(await isDenied(admin, role, 'select * from public.parted_1'), role).toBe(true);
  }
  for (const role of roles) expect(await isDenied(admin, role, 'select * from public.parted'), role).toBe(false);
  await admin`drop table public.parted`;
});
