import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { migrateDatabase } from '../../db/migrate.ts';
import { startPostgres } from '../../embedded/postgres.ts';

const MIGRATIONS = fileURLToPath(new URL('../../db/migrations', import.meta.url));

interface Journal {
  entries: { idx: number; tag: string }[];
}

/** The database as it was before a migration. */
async function migrateUpTo(url: string, tag: string, dir: string): Promise<void> {
  const folder = join(dir, 'migrations');
  cpSync(MIGRATIONS, folder, { recursive: true });
  const file = join(folder, 'meta', '_journal.json');
  const journal = JSON.parse(readFileSync(file, 'utf8')) as Journal;
  const end = journal.entries.findIndex((entry) => entry.tag.endsWith(tag));
  writeFileSync(file, JSON.stringify({ ...journal, entries: journal.entries.slice(0, end) }));
  const client = postgres(url, { max: 1, onnotice: () => {} });
  await migrate(drizzle(client), { migrationsFolder: folder });
  await client.end();
}

const imap = (host: string, port = 993) => ({ kind: 'imap', host, port, security: 'tls' });

test('password channels of earlier releases get the key of their login at their server', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'mooring-account-keys-'));
  const cluster = await startPostgres({ dir: join(dir, 'postgres') });
  const sql = postgres(cluster.url, { max: 1, onnotice: () => {} });
  try {
    await migrateUpTo(cluster.url, '_server_of_an_account', dir);
    await sql`insert into tenants (id, created_at) values ('t', now())`;
    const insert = (
      id: string,
      given: { type?: string; email?: string; login: string; server?: object | null; status?: string },
    ) => {
      const { type = 'imap', login, email = login, server = imap('imap.example.com'), status = 'connected' } = given;
      return sql`
        insert into channels (id, tenant_id, kind, access_type, uses, account_email, account_login, account_provider_id,
          mailbox_key, server, status, status_since, credential_version, created_at)
        values (${id}, 't', 'individual', ${type}, '{read}', ${email}, ${login}, ${login}, ${email.toLowerCase()},
          ${server === null ? null : sql.json(server as never)}, ${status}, now(), 1, now())`;
    };
    await insert('chn_1', { login: 'Ana@example.com', server: imap('IMAP.example.com.') });
    await insert('chn_2', {
      login: 'ben@example.com',
      server: { host: 'imap.example.com', port: 143, security: 'starttls' },
    });
    await insert('chn_3', { login: 'cy@example.com', server: imap('mail.example.com', 10_993) });
    await insert('chn_4', { login: 'dan@example.com', server: null });
    await insert('chn_5', { login: 'eva@gmail.example', type: 'gmail', server: null });
    await insert('chn_6', { login: 'fay', email: 'fay@example.com' });
    await insert('chn_7', { login: 'fay', email: 'owner@example.com' });
    await insert('chn_8', { login: 'fay', email: 'former@example.com', status: 'disconnected' });
    await insert('chn_9', { login: 'gus@example.com', server: imap('2001:db8::1') });

    await migrateDatabase(cluster.url);
    const rows = await sql`select id, mailbox_key, server_key from channels order by id`;
    expect(rows.map(({ id, mailbox_key, server_key }) => [id, mailbox_key, server_key])).toEqual([
      ['chn_1', 'ana@example.com', 'imap.example.com'],
      ['chn_2', 'ben@example.com', 'imap.example.com'],
      ['chn_3', 'cy@example.com', 'mail.example.com:10993'],
      ['chn_4', 'dan@example.com', ''],
      ['chn_5', 'eva@gmail.example', ''],
      ['chn_6', 'fay', 'imap.example.com'],
      ['chn_7', 'fay chn_7', 'imap.example.com'],
      ['chn_8', 'fay', 'imap.example.com'],
      ['chn_9', 'gus@example.com', '[2001:db8::1]'],
    ]);
  } finally {
    await sql.end();
    await cluster.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}, 60_000);
