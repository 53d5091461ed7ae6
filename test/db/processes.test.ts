import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectDatabase } from '../../db/client.ts';
import { migrateDatabase } from '../../db/migrate.ts';
import { findPooling } from '../../db/pooling.ts';
import { findTenant, ensureTenant } from '../../db/access/tenants.ts';
import { freePort } from '../../embedded/ports.ts';
import { keep } from '../support/evidence.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { startPgBouncer } from '../support/pgbouncer.ts';
import { startPooler } from '../support/transaction-pooler.ts';

/*
 * Who a process is to PostgreSQL, and what it rests on. Nothing rests on a session: everything works where each
 * transaction has another connection of the server's.
 */

const BACKENDS = 3;
let stage: Stage;
let serverUrl: string;

beforeAll(async () => {
  stage = await raiseStage();
  const hba = join(stage.dir, 'postgres', 'pg_hba.conf');
  writeFileSync(hba, `host all all 127.0.0.1/32 trust\n${readFileSync(hba, 'utf8')}`);
  const admin = postgres(stage.databaseUrl, { max: 1 });
  await admin`select pg_reload_conf()`;
  await admin.end();
  serverUrl = stage.serverEnvironment['DATABASE_URL'] ?? '';
}, 60_000);
afterAll(() => stage?.close());

const POOLERS = [
  { name: 'a pooler that changes connections whenever it can', start: startPooler },
  {
    name: 'PgBouncer',
    start: (target: URL, backends: number) =>
      startPgBouncer(target, backends, ['mooring_server', new URL(stage.databaseUrl).username]),
  },
];

async function startServer(variables: Record<string, string>) {
  const port = await freePort();
  const FIRST_KEY = `mk_${secret('api-key')}`;
  const env = { ...stage.serverEnvironment, PORT: String(port), MOORING_API_KEY: FIRST_KEY, ...variables };
  const child = fork(new URL('../../server.ts', import.meta.url).pathname, { env, silent: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += chunk));
  child.once('close', () => keep('log', output));
  const said = await Promise.race([
    once(child, 'message').then(() => 'ready'),
    once(child, 'close').then(() => 'ended'),
  ]);
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
      method,
      headers: { authorization: `Bearer ${FIRST_KEY}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  return { said, output: () => output, call, stop: () => child.kill('SIGKILL') };
}

test('rule 14: a process warns of a login that may do too much, and refuses one that may do too little', async () => {
  const warning = 'superuser or as the owner of the tables';
  const own = await startServer({});
  own.stop();
  expect([own.said, own.output().includes(warning)]).toEqual(['ready', false]);
  const unverified = `${stage.databaseUrl}?sslmode=prefer`;
  const administrator = await startServer({ DATABASE_URL: unverified, LOG_LEVEL: 'warn' });
  administrator.stop();
  expect([administrator.said, administrator.output().includes(warning)]).toEqual(['ready', true]);
  expect(administrator.output()).toContain('does not verify its server: set sslmode=verify-full');
  expect(own.output()).not.toContain('sslmode');

  const admin = postgres(stage.databaseUrl, { max: 1, onnotice: () => {} });
  const password = secret('database-password');
  await admin.unsafe(`create role operators_own login password '${password}'`);
  const address = new URL(stage.databaseUrl);
  address.username = 'operators_own';
  address.password = password;
  const refused = await startServer({ DATABASE_URL: address.href });
  expect(refused.said).toBe('ended');
  expect(refused.output()).toContain('database_role_missing');
  const grant = /GRANT mooring_app, mooring_across_tenants TO operators_own WITH INHERIT FALSE, SET TRUE/;
  expect(refused.output()).toMatch(grant);
  await admin.unsafe(grant.exec(refused.output())?.[0] ?? '');
  await admin.end();
  const granted = await startServer({ DATABASE_URL: address.href });
  granted.stop();
  expect(granted.said, granted.output()).toBe('ready');
}, 60_000);

describe.each(POOLERS)('behind $name', ({ start }) => {
  let pooler: { port: number; close: () => unknown };
  let pooledUrl: string;
  beforeAll(async () => {
    pooler = await start(new URL(serverUrl), BACKENDS);
    pooledUrl = through(serverUrl);
  }, 60_000);
  afterAll(async () => {
    await pooler?.close();
  });

  function through(url: string): string {
    const address = new URL(url);
    address.port = String(pooler.port);
    return address.href;
  }

  test('a pooler is told from the server, and whether it keeps prepared statements', async () => {
    expect(await findPooling(pooledUrl)).toEqual({ isPooled: true, keepsPreparedStatements: false });
    expect(await findPooling(serverUrl)).toEqual({ isPooled: false, keepsPreparedStatements: true });
  });

  test('rule 14: each transaction has its own tenant and role, whichever connection it gets', async () => {
    const database = connectDatabase({
      url: pooledUrl,
      directUrl: serverUrl,
      prepare: false,
      poolSize: 8,
      program: 'server',
    });
    const tenants = ['one', 'two', 'three', 'four'];
    for (const id of tenants) await database.inTenant(id, (tx) => ensureTenant(tx, id, new Date()));
    const backends = new Set<number>();
    const look = async (own: string) => {
      for (let i = 0; i < 5; i++) {
        const seen = await database.inTenant(own, async (tx) => {
          const [row] = await tx.execute<{ pid: number; role: string }>(
            sql`select pg_backend_pid() as pid, current_user as role`,
          );
          backends.add(row?.pid ?? 0);
          return [row?.role, ...(await Promise.all(tenants.map(async (id) => (await findTenant(tx, id))?.id)))];
        });
        expect(seen).toEqual(['mooring_app', ...tenants.map((id) => (id === own ? id : undefined))]);
        const outside = await database.outsideTenants((tx) => findTenant(tx, own));
        expect(outside).toBeNull();
      }
    };
    await Promise.all(tenants.map(look));
    expect(backends.size).toBe(BACKENDS);
    // What a transaction leaves on its connection is the login and nothing else.
    for (let i = 0; i < 2 * BACKENDS; i++) {
      const [left] = await database.app`select current_user as role, current_setting('mooring.tenant', true) as tenant`;
      expect(left).toEqual({ role: 'mooring_server', tenant: '' });
    }
    await database.close();
  }, 30_000);

  test('NOTIFY through the pooler is heard by LISTEN at the server itself', async () => {
    const database = connectDatabase({
      url: pooledUrl,
      directUrl: serverUrl,
      prepare: false,
      poolSize: 2,
      program: 'server',
    });
    const heard = Promise.withResolvers<string>();
    const stop = await database.listen('through_the_pooler', (payload) => payload && heard.resolve(payload));
    await database.outsideTenants((tx) => tx.execute(sql`select pg_notify('through_the_pooler', 'news')`));
    expect(await heard.promise).toBe('news');
    await stop();
    await database.close();
  });

  test('a process says at its start what it needs of a pooler, and works with it', async () => {
    const lost = await startServer({ DATABASE_URL: pooledUrl, DATABASE_DIRECT_URL: serverUrl });
    expect(lost.said).toBe('ended');
    expect(lost.output()).toContain('prepared_statements_lost');
    expect(lost.output()).toContain('DATABASE_PREPARE=off');
    const deaf = await startServer({ DATABASE_URL: pooledUrl, DATABASE_PREPARE: 'off' });
    expect(deaf.said).toBe('ended');
    expect(deaf.output()).toContain('database_direct_url_missing');

    const pooled = { DATABASE_URL: pooledUrl, DATABASE_PREPARE: 'off', DATABASE_DIRECT_URL: serverUrl };
    const server = await startServer(pooled);
    try {
      expect(server.said, server.output()).toBe('ready');
      const made = await Promise.all(
        Array.from({ length: 20 }, (_, i) => server.call('POST', '/v1/links', { tenant: `tenant-${i}` })),
      );
      expect(made.map(({ status }) => status)).toEqual(made.map(() => 201));
      for (const path of [
        '/v1/channels',
        '/v1/messages',
        '/v1/tenants',
        '/v1/incidents',
        '/v1/webhook-endpoints',
        '/readyz',
      ]) {
        const { status, text } = await server.call('GET', path);
        expect([200, 503], `${path}: ${text}`).toContain(status);
        expect(text).not.toContain('database');
      }
    } finally {
      server.stop();
    }
  }, 60_000);

  test('migrations need no session either', async () => {
    await Promise.all([1, 2].map(() => migrateDatabase(through(stage.databaseUrl))));
  });
});
