import { fork } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { Context } from '../../runtime/context.ts';
import { readKeyring } from '../../crypto/keyring.ts';
import { writeServerKeys } from '../../crypto/keys-file.ts';
import { Vault } from '../../crypto/vault.ts';
import type { Binding } from '../../crypto/vault.ts';
import { channels } from '../../db/schema/channels.ts';
import { credentials } from '../../db/schema/credentials.ts';
import { messageParts } from '../../db/schema/messages.ts';
import { readAccessToken } from '../../db/credentials/token-reads.ts';
import { countRecords } from '../../db/across-tenants/vault-records.ts';
import { Secret } from '../../domain/secret.ts';
import { secret } from '../support/minting.ts';
import { databaseAs } from '../support/logins.ts';
import { currentKeysAlone, newerKeys } from './new-keys.ts';
import { setScene, TENANT } from '../credentials/scene.ts';

/** `RECORDS=100000 npx vitest run test/vault/rewrap-at-scale.test.ts` is the long form. */
const RECORDS = Number(process.env['RECORDS'] ?? 3000);
/** Sealed secret, access token, message part. */
const RECORDS_PER_CHANNEL = 3;
const REFRESHING = 5;
const READS_PER_SECOND = 50;
const ROWS_PER_INSERT = 500;
const HOUR_MS = 3_600_000;

const scene = setScene();

/**
 * The text that was stored for a channel, in each of its records; each begins in its own way, to be told if it is
 * found.
 */
const CONTENT = secret('content');
const textOf = (channelId: string, kind: string) => `${channelId} ${kind} ${CONTENT}`;
const bindingOf = (owner: string, kind: Binding['kind']): Binding => ({ tenant: TENANT, owner, kind, version: 1 });

/** Channels as they lie in the database; nothing but the vault ever touches them. */
async function storeChannels(count: number): Promise<string[]> {
  const { database, vault } = scene.stage.context;
  const ids = Array.from({ length: count }, (_, i) => `chn_${String(i).padStart(8, '0')}`);
  const now = new Date();
  const expiresAt = new Date(now.getTime() + 24 * HOUR_MS);
  for (let first = 0; first < count; first += ROWS_PER_INSERT) {
    const some = ids.slice(first, first + ROWS_PER_INSERT);
    const sealing = (id: string) => vault.seal(new Secret(textOf(id, 'secret')), bindingOf(id, 'refresh_secret'));
    const encrypting = (id: string, kind: 'access_token' | 'message_part') =>
      vault.encryptSecret(new Secret(textOf(id, kind)), bindingOf(id, kind));
    const secrets = await Promise.all(some.map(sealing));
    const tokens = await Promise.all(some.map((id) => encrypting(id, 'access_token')));
    const parts = await Promise.all(some.map((id) => encrypting(id, 'message_part')));
    const channelRow = (id: string) => ({
      id,
      tenantId: TENANT,
      kind: 'individual' as const,
      accessType: 'gmail' as const,
      uses: ['read' as const],
      accountEmail: `${id}@example.com`,
      accountLogin: id,
      accountProviderId: id,
      mailboxKey: id,
      status: 'connected' as const,
      statusSince: now,
      credentialVersion: 1,
      createdAt: now,
    });
    const credentialRow = (channelId: string, i: number) => ({
      channelId,
      tenantId: TENANT,
      kind: 'oauth' as const,
      version: 1,
      secretVersion: 1,
      grantKey: channelId,
      sealedSecret: secrets[i] ?? '',
      accessTokenJwe: tokens[i] ?? '',
      tokenType: 'Bearer',
      issuedAt: now,
      expiresAt,
      updatedAt: now,
    });
    const partRow = (id: string, i: number) => ({
      contentId: id,
      part: 1,
      tenantId: TENANT,
      channelId: id,
      jwe: parts[i] ?? '',
    });
    await database.inTenant(TENANT, async (tx) => {
      await tx.insert(channels).values(some.map(channelRow));
      await tx.insert(credentials).values(some.map(credentialRow));
      await tx.insert(messageParts).values(some.map(partRow));
    });
  }
  return ids;
}

/** The command itself, in a process of its own. */
function startRewrapping(keysFile: string) {
  const env = {
    PATH: process.env['PATH'],
    NODE_COMPILE_CACHE: join(tmpdir(), 'mooring-compile-cache'),
    ...scene.stage.environment,
    LOG_LEVEL: 'info',
    MOORING_VAULT_KEYS_FILE: keysFile,
  };
  const child = fork(join(import.meta.dirname, '../../vault-keys.ts'), { env, silent: true });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(([code, signal]) => ({ code: (code ?? signal) as number | string, output }));
  return { child, ended };
}

async function countUnder(keyId: string): Promise<number> {
  const counts = await countRecords(scene.stage.context.database, new Date());
  return counts.filter((row) => row.keyId === keyId).reduce((sum, row) => sum + row.count, 0);
}

/** Reads tokens and refreshes channels until it is stopped; failures are kept. */
function live(context: Context, ids: string[], refreshing: string[]) {
  const failures: unknown[] = [];
  const done = { reads: 0, refreshes: 0 };
  const stopping = new AbortController();
  const { signal } = stopping;
  const read = async (channelId: string) => {
    const question = { channelId, tenantId: TENANT, apiKeyId: 'key_test', now: await scene.clock.now(), minLifeMs: 0 };
    const found = await readAccessToken(databaseAs('server', context.database), question);
    const binding = { ...bindingOf(channelId, 'access_token'), version: found?.version ?? 0 };
    const token = await context.vault.decryptSecret(found?.accessTokenJwe ?? '', binding);
    if (!refreshing.includes(channelId) && token.reveal() !== textOf(channelId, 'access_token'))
      throw new Error('other');
    done.reads++;
  };
  const readers = async () => {
    for (let i = 0; !signal.aborted; i++) {
      const channelId = (i % 10 === 0 ? refreshing[i % REFRESHING] : ids[(i * 7919) % ids.length]) ?? '';
      void read(channelId).catch((error: unknown) => failures.push(error));
      await new Promise((resolve) => setTimeout(resolve, 1000 / READS_PER_SECOND));
    }
  };
  const refreshers = async () => {
    for (let i = 0; !signal.aborted; i++) {
      const outcome = await scene.refresh(refreshing[i % REFRESHING] ?? '', context);
      if (outcome === 'refreshed') done.refreshes++;
      else failures.push(outcome);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  const running = Promise.all([readers(), refreshers()]);
  const stop = async () => {
    stopping.abort();
    await running;
    return { failures, ...done };
  };
  return { stop };
}

test(`S-22: ${RECORDS} records are re-wrapped while they are read and refreshed, and a killed run goes on`, async () => {
  const refreshing: string[] = [];
  for (let i = 0; i < REFRESHING; i++)
    refreshing.push(await scene.connect(`scale${i}@example.com`, { rotation: 'strict' }));
  const ids = await storeChannels(Math.ceil(RECORDS / RECORDS_PER_CHANNEL));
  await scene.stage.context.database.acrossTenants((tx) => tx.execute(sql`analyze`)).catch(() => {});
  const keysFile = await newerKeys(scene.stage.environment['MOORING_VAULT_KEYS_FILE'] ?? '', 2);
  const server = scene.stage.serverEnvironment['MOORING_VAULT_KEYS_FILE'] ?? '';
  await writeServerKeys({ workers: keysFile, server });
  const context = { ...scene.stage.context, vault: new Vault(await readKeyring(keysFile)) };
  const life = live(context, ids, refreshing);

  const first = startRewrapping(keysFile);
  while ((await countUnder('seal-2')) + (await countUnder('content-2')) < RECORDS / 4) {
    await new Promise((resolve) => setTimeout(resolve, RECORDS / 100));
  }
  first.child.kill('SIGKILL');
  expect((await first.ended).code).toBe('SIGKILL');
  const left = (await countUnder('seal-1')) + (await countUnder('content-1'));
  expect(left).toBeGreaterThan(0);
  const second = startRewrapping(keysFile);
  const { code, output } = await second.ended;
  expect(code, output).toBe(0);
  const report = JSON.parse(output.split('\n').find((line) => line.includes('rewrapped')) ?? '{}');
  expect(report.rewrapped).toBeLessThanOrEqual(left);
  expect(await countUnder('seal-1')).toBe(0);
  expect(await countUnder('content-1')).toBe(0);
  const { failures, reads, refreshes } = await life.stop();
  expect(failures).toEqual([]);
  expect(Math.min(reads, refreshes)).toBeGreaterThan(10);

  const alone = { ...context, vault: new Vault(await readKeyring(await currentKeysAlone(keysFile))) };
  await everythingOpens(alone, ids);
  // No refresh's answer was put back by an older record: the versions count them all, and each still refreshes.
  const versions = await Promise.all(refreshing.map(async (id) => (await scene.read(id)).credential.version));
  expect(versions.reduce((sum, version) => sum + version - 1, 0)).toBe(refreshes);
  for (const id of refreshing) expect(await scene.refresh(id, alone)).toBe('refreshed');
}, 1_800_000);

async function everythingOpens({ database, vault }: Context, ids: string[]): Promise<void> {
  const wrong: string[] = [];
  for (let first = 0; first < ids.length; first += ROWS_PER_INSERT) {
    const some = ids.slice(first, first + ROWS_PER_INSERT);
    const rows = await database.inTenant(TENANT, (tx) =>
      tx.execute<{ id: string; sealed: string; token: string; part: string }>(sql`
        select channel_id as id, sealed_secret as sealed, access_token_jwe as token, jwe as part
        from credentials join message_parts using (channel_id) where channel_id in ${some}`),
    );
    expect(rows.length).toBe(some.length);
    for (const { id, sealed, token, part } of rows) {
      const opened = [
        (await vault.open(sealed, bindingOf(id, 'refresh_secret'))).reveal() === textOf(id, 'secret'),
        (await vault.decryptSecret(token, bindingOf(id, 'access_token'))).reveal() === textOf(id, 'access_token'),
        (await vault.decryptSecret(part, bindingOf(id, 'message_part'))).reveal() === textOf(id, 'message_part'),
      ];
      if (opened.includes(false)) wrong.push(id);
    }
  }
  expect(wrong).toEqual([]);
}
