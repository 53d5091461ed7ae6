import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, generateSecret } from 'jose';
import { expect, test } from 'vitest';
import { giveUpKey, rewrapVault } from '../../credentials/rewrap.ts';
import { startAdoptions } from '../../background/adoptions.ts';
import type { Context } from '../../runtime/context.ts';
import { readKeyring } from '../../crypto/keyring.ts';
import { Vault } from '../../crypto/vault.ts';
import { countRecords } from '../../db/across-tenants/vault-records.ts';
import { startApi } from '../support/api.ts';
import { channelOf, connectImap } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { grantOfProduct } from '../support/product-grant.ts';
import { setScene, TENANT } from '../credentials/scene.ts';

const PASSWORD = secret('password');

const scene = setScene();

interface KeysFile {
  sealing: { current: string; keys: object[] };
  content: { current: string; keys: object[] };
}

/** The same context with further keys, of which the newest are the current ones; `without` leaves the old ones out. */
async function withKeys(round: number, { without = false } = {}): Promise<Context> {
  const path = join(scene.stage.dir, 'keys.json');
  const file = JSON.parse(await readFile(path, 'utf8')) as KeysFile;
  if (without) {
    file.sealing.keys = file.sealing.keys.slice(-1);
    file.content.keys = file.content.keys.slice(-1);
  } else {
    const pair = await generateKeyPair('ECDH-ES', { crv: 'X25519', extractable: true });
    file.sealing.keys.push({ ...(await exportJWK(pair.privateKey)), kid: `seal-${round}` });
    const secret = await generateSecret('A256GCMKW', { extractable: true });
    file.content.keys.push({ ...(await exportJWK(secret)), kid: `content-${round}` });
    file.sealing.current = `seal-${round}`;
    file.content.current = `content-${round}`;
  }
  const written = without ? `${path}.without` : path;
  await writeFile(written, JSON.stringify(file));
  return { ...scene.stage.context, vault: new Vault(await readKeyring(written)) };
}

const oldOnes = ({ counts }: { counts: { keyId: string; count: number }[] }, round: number) =>
  counts.filter(({ keyId }) => !keyId.endsWith(`-${round}`));

test('S-22: everything comes under the new keys while channels refresh, and the old keys can go', async () => {
  const emails = Array.from({ length: 30 }, (_, i) => `rewrap${i}@example.com`);
  const ids: string[] = [];
  for (const email of emails) ids.push(await scene.connect(email, { rotation: 'strict' }));
  await scene.stage.sandbox.account('imap', 'rewrap@imap.example.com', { password: PASSWORD });
  const imap = channelOf(await connectImap(scene.stage, 'rewrap@imap.example.com', PASSWORD));
  const context = await withKeys(2);
  const [rewrapping] = await Promise.all([
    rewrapVault(context),
    ...ids.slice(0, 10).map((id) => scene.refresh(id, context)),
  ]);
  expect(rewrapping.rejected).toEqual([]);
  // What was written by a process that had the old keys still: the next run takes it up.
  ids.push(await scene.connect('late@example.com', { rotation: 'strict' }));
  const again = await rewrapVault(context);
  expect(again.rewrapped).toBe(2);
  expect(oldOnes(again, 2)).toEqual([]);
  expect((await rewrapVault(context)).rewrapped).toBe(0);
  const without = await withKeys(2, { without: true });
  for (const id of ids) expect(await scene.refresh(id, without)).toBe('refreshed');
  const { credential } = await scene.read(imap);
  const binding = { tenant: TENANT, owner: imap, kind: 'refresh_secret', version: credential.secretVersion } as const;
  expect((await without.vault.open(credential.sealedSecret, binding)).reveal()).toContain(PASSWORD);
});

test('a burnt key: every channel that rests on it is sent to sign in, no other, and none while it is current', async () => {
  const [first, second] = [await withKeys(3), await withKeys(4)];
  await rewrapVault(first);
  const burnt = await scene.connect('burnt@example.com');
  await rewrapVault(second);
  expect(await giveUpKey(second, 'seal-3')).toEqual([]);
  expect((await scene.read(burnt)).channel.status).toBe('connected');
  await expect(giveUpKey(second, 'seal-4')).rejects.toThrow('still sealed');
  const third = await withKeys(5);
  const listed = await giveUpKey(third, 'seal-4');
  expect(listed).toContain(burnt);
  for (const id of listed) {
    const { channel } = await scene.read(id);
    expect(channel).toMatchObject({
      status: 'reauth_required',
      providerCode: 'vault_key_burnt',
      action: 'reauthorize',
    });
    expect(await scene.events(id, 'channel.reauth_required')).toHaveLength(1);
  }
  // The burnt key can leave the keys file at once: what rested on it is under another.
  const now = await scene.clock.now();
  const counts = await countRecords(third.database, now);
  expect(counts.filter(({ how, keyId }) => how === 'sealed' && keyId !== 'seal-5')).toEqual([]);
  await giveUpKey(third, 'seal-4');
  expect(await scene.events(burnt, 'channel.reauth_required')).toHaveLength(1);
});

/** An adoption whose answer is stored, and which the provider's trouble has kept from ending. */
async function leaveAdoption(context: Context, email: string) {
  await scene.rotate('strict');
  const api = await startApi(context);
  const fault = await scene.stage.sandbox.fault('google', email, 'unavailable', { kind: 'api' });
  const credential = { refresh_token: await grantOfProduct(scene.stage, email) };
  const adopt = () =>
    api.call('POST', '/v1/channels', { tenant: TENANT, access_type: 'gmail', account: { email }, credential });
  expect(await adopt()).toMatchObject({ status: 503, json: { code: 'provider_unavailable' } });
  await scene.stage.sandbox.mend(fault.id);
  return { adopt, close: () => api.close() };
}

const keysOfAdoptions = async (context: Context) => {
  const now = await scene.clock.now();
  const counts = await countRecords(context.database, now);
  return counts.filter(({ table }) => table === 'adoptions').map(({ record, keyId }) => ({ record, keyId }));
};

test('an adoption under way comes under the new keys, and ends with them alone', async () => {
  const left = await leaveAdoption(await withKeys(6), 'under-way@example.com');
  const context = await withKeys(7);
  expect((await rewrapVault(context)).rejected).toEqual([]);
  expect(await keysOfAdoptions(context)).toEqual([
    { record: 'sealed_token', keyId: 'seal-7' },
    { record: 'sealed_answer', keyId: 'seal-7' },
  ]);
  const running = startAdoptions(await withKeys(7, { without: true }));
  expect(await left.adopt()).toMatchObject({ status: 201, json: { status: 'connected' } });
  await running.stop();
  await left.close();
  expect(await keysOfAdoptions(context)).toEqual([]);
});

test('a burnt key: an adoption under way that rests on it is dropped, and becomes no channel', async () => {
  const left = await leaveAdoption(await withKeys(8), 'burnt-under-way@example.com');
  const context = await withKeys(9);
  await giveUpKey(context, 'seal-8');
  expect(await keysOfAdoptions(context)).toEqual([]);
  expect(await left.adopt()).toMatchObject({ status: 422, json: { code: 'authentication_failed' } });
  await left.close();
});
