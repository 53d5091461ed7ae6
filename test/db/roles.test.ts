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
 * here. What is allowed is written down; whatever else is tried must be refused by PostgreSQL itself.
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

interface Table {
  schema: string;
  name: string;
  column: string;
  isPartition: boolean;
}

const listTables = () => admin<Table[]>`
  select n.nspname as schema, c.relname as name, c.relispartition as "isPartition",
    (select attname from pg_attribute a where a.attrelid = c.oid and a.attnum = 1) as column
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
      'create extension plpython3u',
      'alter system set log_statement = none',
    ]) {
      expect(await isDenied(logins[program], 'none', statement), statement).toBe(true);
    }
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
