import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readKeyring } from '../../crypto/keyring.ts';
import { ensureVaultKeys, writeServerKeys } from '../../crypto/keys-file.ts';
import { Vault } from '../../crypto/vault.ts';
import type { Binding } from '../../crypto/vault.ts';
import { Secret } from '../../domain/secret.ts';
import { secret } from '../support/minting.ts';
import { newerKeys } from './new-keys.ts';

const BINDING: Binding = { tenant: 'acme', owner: 'chn_1', kind: 'refresh_secret', version: 3 };
const TEXT = secret('refresh-token');

interface KeysFile {
  sealing: { current: string; keys: (JsonWebKey & { kid: string })[] };
  content: { current: string; keys: (JsonWebKey & { kid: string })[] };
}

let dir: string;
let path: string;
let vault: Vault;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mooring-vault-'));
  path = join(dir, 'keys.json');
  await ensureVaultKeys(path);
  vault = new Vault(await readKeyring(path));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** A vault with the keys file changed. */
async function vaultWith(change: (file: KeysFile) => void): Promise<Vault> {
  const file = JSON.parse(await readFile(path, 'utf8')) as KeysFile;
  change(file);
  const changed = join(dir, `${Math.random()}.json`);
  await writeFile(changed, JSON.stringify(file));
  return new Vault(await readKeyring(changed));
}

const both = [
  {
    how: 'sealed',
    make: (binding: Binding = BINDING) => vault.seal(new Secret(TEXT), binding),
    open: async (record: string, binding: Binding = BINDING) => (await vault.open(record, binding)).reveal(),
  },
  {
    how: 'encrypted',
    make: (binding: Binding = BINDING) => vault.encryptSecret(new Secret(TEXT), binding),
    open: async (record: string, binding: Binding = BINDING) => (await vault.decryptSecret(record, binding)).reveal(),
  },
];
const REJECTED = { code: 'vault_record_rejected' };

describe.for(both)('what is $how', ({ make, open }) => {
  test('opens for the row it was made for, and does not show what it holds', async () => {
    const record = await make();
    expect(await open(record)).toBe(TEXT);
    expect(record).not.toContain(TEXT);
    expect(record).not.toContain(Buffer.from(TEXT).toString('base64url'));
    expect(await make()).not.toBe(record);
  });

  test.for([
    { tenant: 'other' },
    { owner: 'chn_2' },
    { kind: 'token_answer' as const },
    { version: 2 },
    { version: 4 },
  ])('S-20: is rejected in another row: %o', async (other) => {
    await expect(open(await make(), { ...BINDING, ...other })).rejects.toMatchObject(REJECTED);
  });

  test('S-20: is rejected with any bit changed', async () => {
    const record = await make();
    const parts = record.split('.');
    await fc.assert(
      fc.asyncProperty(fc.nat(parts.length - 1), fc.nat(), fc.nat(7), async (part, place, bit) => {
        const bytes = Buffer.from(parts[part] ?? '', 'base64url');
        if (bytes.length === 0) return;
        bytes[place % bytes.length]! ^= 1 << bit;
        const changed = parts.with(part, bytes.toString('base64url')).join('.');
        // A changed key id names a key that is not there; everything else is not what was sealed.
        await expect(open(changed)).rejects.toMatchObject({ code: expect.stringMatching(/^vault_/) });
      }),
      { numRuns: 200 },
    );
  });

  test('is rejected with a part cut, exchanged, added or missing', async () => {
    const [header = '', key = '', iv = '', text = '', tag = ''] = (await make()).split('.');
    const [, , , , otherTag = ''] = (await make()).split('.');
    const shortTag = Buffer.from(tag, 'base64url').subarray(0, 4).toString('base64url');
    for (const parts of [
      [header, key, iv, text, shortTag],
      [header, key, iv, text, otherTag],
      [header, key, iv, '', tag],
      [header, key, iv, text],
      [header, key, iv, text, tag, 'more'],
      [''],
    ]) {
      await expect(open(parts.join('.'))).rejects.toMatchObject(REJECTED);
    }
  });

  test('does not open by a weaker algorithm, nor by none', async () => {
    const [header = '', ...rest] = (await make()).split('.');
    const words = JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, unknown>;
    for (const change of [
      { alg: 'dir' },
      { alg: 'none' },
      { alg: 'A128KW' },
      { enc: 'A128CBC-HS256' },
      { zip: 'DEF' },
    ]) {
      const weaker = Buffer.from(JSON.stringify({ ...words, ...change })).toString('base64url');
      await expect(open([weaker, ...rest].join('.'))).rejects.toMatchObject(REJECTED);
    }
  });

  test('names the key that is missing', async () => {
    const [header = '', ...rest] = (await make()).split('.');
    const words = JSON.parse(Buffer.from(header, 'base64url').toString()) as Record<string, unknown>;
    const unknown = Buffer.from(JSON.stringify({ ...words, kid: 'seal-9' })).toString('base64url');
    await expect(open([unknown, ...rest].join('.'))).rejects.toMatchObject({
      code: 'vault_key_absent',
      message: expect.stringContaining('"seal-9"') as string,
    });
  });
});

test('what was sealed is not opened as if it were encrypted, nor the other way round', async () => {
  await expect(vault.decrypt(await vault.seal(new Secret(TEXT), BINDING), BINDING)).rejects.toThrow();
  await expect(vault.open(await vault.encryptSecret(new Secret(TEXT), BINDING), BINDING)).rejects.toThrow();
});

test('S-21: without the private half a process seals, and opens nothing that is sealed', async () => {
  const server = await vaultWith(({ sealing }) => {
    for (const key of sealing.keys) delete key.d;
  });
  const record = await server.seal(new Secret(TEXT), BINDING);
  await expect(server.open(record, BINDING)).rejects.toMatchObject({ code: 'vault_key_absent' });
  expect((await vault.open(record, BINDING)).reveal()).toBe(TEXT);
  const accessToken = secret('access-token');
  const token = await vault.encryptSecret(new Secret(accessToken), BINDING);
  expect((await server.decryptSecret(token, BINDING)).reveal()).toBe(accessToken);
});

describe('the keys file', () => {
  const broken: [string, (text: string) => string][] = [
    ['is not JSON', () => 'keys!'],
    ['is empty', () => ''],
    ['is another JSON', () => '{"keys":[]}'],
    ['has no keys', (text) => text.replace(/"keys": \[[^\]]*\]/, '"keys": []')],
    ['names a current key that is not there', (text) => text.replace('"current": "seal-1"', '"current": "seal-2"')],
    ['has a key that is too short', (text) => text.replace(/"k": "[^"]{20}/, '"k": "')],
    ['has a key of another kind', (text) => text.replace('"kty": "OKP"', '"kty": "oct"')],
    ['has a key without an id', (text) => text.replace('"kid": "seal-1",', '')],
  ];
  test.for(broken)('S-23: that %s is refused by its path, without its content', async ([, change]) => {
    const text = await readFile(path, 'utf8');
    const file = join(dir, 'broken.json');
    await writeFile(file, change(text));
    const error = await readKeyring(file).then(
      () => null,
      (reason: Error) => reason,
    );
    expect(error?.message).toContain(file);
    const { sealing } = JSON.parse(text) as KeysFile;
    expect(error?.message).not.toContain(sealing.keys[0]?.d);
  });

  test('that is not there is named, with its variable', async () => {
    const nowhere = join(dir, 'nowhere.json');
    await expect(readKeyring(nowhere)).rejects.toThrow(nowhere);
    await expect(readKeyring(nowhere)).rejects.toThrow('MOORING_VAULT_KEYS_FILE');
  });

  test('is made once, for its owner alone, and never made again over one that is there', async () => {
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const before = await readFile(path, 'utf8');
    await ensureVaultKeys(path);
    expect(await readFile(path, 'utf8')).toBe(before);
  });
});

const pathOf = (name: string) => join(dir, `${name}.json`);

describe('the server’s keys file', () => {
  test('S-21: has every key of the workers’ file but the private ones, for its owner alone, and follows it', async () => {
    const [workers, server] = [pathOf('workers'), pathOf('server')];
    await ensureVaultKeys(workers);
    expect(await writeServerKeys({ workers, server })).toBe('made');
    expect(await writeServerKeys({ workers, server })).toBe('unchanged');
    const keyring = await readKeyring(server);
    expect([...keyring.sealing.publicKeys.keys()]).toEqual(['seal-1']);
    expect(keyring.sealing.privateKeys.size).toBe(0);
    expect((await stat(server)).mode & 0o777).toBe(0o600);
    await writeFile(workers, await readFile(await newerKeys(workers, 2), 'utf8'));
    expect(await writeServerKeys({ workers, server })).toBe('renewed');
    expect((await readKeyring(server)).sealing.current).toBe('seal-2');
    expect((await readKeyring(workers)).sealing.privateKeys.size).toBe(2);
  });

  test('replaces a whole copy of the workers’ file, and never the only file with a private key', async () => {
    const [workers, copy] = [pathOf('whole'), pathOf('copy')];
    await ensureVaultKeys(workers);
    await writeFile(copy, await readFile(workers));
    expect(await writeServerKeys({ workers, server: copy })).toBe('renewed');
    await expect(writeServerKeys({ workers, server: workers })).rejects.toThrow('no other file');
    const others = pathOf('others');
    await ensureVaultKeys(others);
    await expect(writeServerKeys({ workers, server: others })).rejects.toThrow(others);
    for (const file of [workers, others]) expect((await readKeyring(file)).sealing.privateKeys.size).toBe(1);
  });
});
