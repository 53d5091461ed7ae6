import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { readKeyring } from '../../crypto/keyring.ts';
import { ensureVaultKeys } from '../../crypto/keys-file.ts';
import { Vault } from '../../crypto/vault.ts';
import { newWebhookSecret, webhookSecretBinding } from '../../crypto/webhook-secret.ts';
import { connectDatabase } from '../../db/client.ts';
import type { Database, Transaction } from '../../db/client.ts';
import { databaseClock } from '../../db/clock.ts';
import { insertEvent } from '../../db/events/events.ts';
import { sampleEventData } from '../../api/schemas/events/event-samples.ts';
import { newId } from '../../db/ids.ts';
import { channels } from '../../db/schema/channels.ts';
import { webhookEndpoints } from '../../db/schema/events.ts';
import { tenants } from '../../db/schema/tenants.ts';
import { insertEndpoint } from '../../db/events/endpoints.ts';
import type { EndpointRow } from '../../db/events/endpoints.ts';
import type { EventType } from '../../domain/event.ts';
import { startMigratedPostgres } from '../support/migrated-postgres.ts';
import { checkWebhook } from '../support/documented-answers.ts';
import { keep } from '../support/evidence.ts';
import { keepRows, keepWrites } from '../support/kept-database.ts';
import { keptLogger } from '../support/kept-log.ts';
import { learnSecretsIn } from '../support/kept-secrets.ts';
import { makeLogins } from '../support/logins.ts';

/**
 * A PostgreSQL of this test file's own, migrated, with a vault; `close` leaves only what the last test looks through.
 */
export async function raiseStage() {
  const dir = await mkdtemp(join(tmpdir(), 'mooring-webhooks-'));
  const postgres = await startMigratedPostgres(join(dir, 'postgres'));
  const keysFile = join(dir, 'keys.json');
  await ensureVaultKeys(keysFile);
  const logins = await makeLogins(postgres.url);
  const entered = await enterStage(logins.worker, keysFile);
  const serverDatabase = connectDatabase({ url: logins.server, poolSize: 2, program: 'server' });
  return {
    ...entered,
    serverDatabase,
    /** The administrator's; `url` is a worker's. */
    ownerUrl: postgres.url,
    async close() {
      await Promise.all([entered.database.close(), serverDatabase.close()]);
      await keepRows(postgres.url);
      await postgres.stop();
      keepWrites(join(dir, 'postgres'));
      learnSecretsIn(dir, ['postgres']);
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The same PostgreSQL and vault, for a process of its own. */
export async function enterStage(url: string, keysFile: string) {
  const database = connectDatabase({ url, poolSize: 8, program: 'worker' });
  return {
    url,
    keysFile,
    database,
    clock: databaseClock(database),
    vault: new Vault(await readKeyring(keysFile)),
    logger: keptLogger('test'),
    config: {
      providers: { variables: {}, publicUrl: '', egress: { allow: ['127.0.0.1'] }, certificateAuthorities: null },
    },
  };
}
export type Stage = Awaited<ReturnType<typeof raiseStage>>;

export async function addChannel(database: Database, tenantId: string): Promise<string> {
  const id = newId('chn');
  const at = new Date();
  await database.inTenant(tenantId, async (tx) => {
    await tx.insert(tenants).values({ id: tenantId, createdAt: at }).onConflictDoNothing();
    await tx.insert(channels).values({
      id,
      tenantId,
      kind: 'individual',
      accessType: 'imap',
      uses: ['read'],
      accountEmail: `${id}@example.com`,
      accountLogin: id,
      accountProviderId: id,
      mailboxKey: id,
      status: 'connected',
      statusSince: at,
      credentialVersion: 1,
      createdAt: at,
    });
  });
  return id;
}

export async function addEndpoint(
  stage: Stage,
  values: { url: string; tenantId?: string; events?: EventType[]; disabledAt?: Date },
): Promise<{ endpoint: EndpointRow; secret: string }> {
  const id = newId('whe');
  const tenantId = values.tenantId ?? null;
  const secret = newWebhookSecret();
  const secretJwe = await stage.vault.encryptSecret(secret, webhookSecretBinding({ id, tenantId }));
  const row = { id, secretJwe, createdAt: await stage.clock.now(), ...values, tenantId };
  return { endpoint: await stage.database.acrossTenants((tx) => insertEndpoint(tx, row)), secret: secret.reveal() };
}

export async function removeEndpoints(database: Database): Promise<void> {
  await database.acrossTenants((tx) => tx.delete(webhookEndpoints));
}

export async function tell(
  tx: Transaction,
  channel: { tenantId: string; channelId: string },
  type: EventType = 'channel.connected',
  more: Record<string, unknown> = {},
): Promise<string> {
  const data = { ...sampleEventData(type), ...more };
  return insertEvent(tx, { ...channel, type, incidentId: null, data, at: new Date() });
}

export interface Received {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
  at: number;
}

/** A real HTTP server that takes webhooks; `answer` decides the status, or a promise of it. */
export async function listenForWebhooks(
  answer: (request: Received, times: number) => number | Promise<number> = () => 204,
  headers: Record<string, string> = {},
) {
  const received: Received[] = [];
  const server = createServer((request, response) => {
    const take = async () => {
      const body = await text(request);
      const one = { path: request.url ?? '', headers: request.headers, body, at: Date.now() };
      received.push(one);
      if (one.headers['webhook-id'] !== undefined) checkWebhook(body);
      keep('webhook', `${JSON.stringify(one.headers)}\n${body}`);
      const status = await answer(one, received.length);
      const isLong = headers['x-answer'] === 'long';
      response.writeHead(status, headers).end(isLong ? `${'ä'.repeat(3_000)}\0` : 'what an endpoint answers');
    };
    void take();
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return {
    received,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function until<T>(what: string, timeoutMs: number, look: () => Promise<T> | T): Promise<NonNullable<T>> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`${what} did not come within ${timeoutMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
