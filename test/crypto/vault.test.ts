import { createSecretKey, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FlattenedEncrypt, flattenedDecrypt } from 'jose';
import type { FlattenedJWE } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openKeyWrappedContent } from '../../crypto/key-wrapped-content.ts';
import { readKeyring } from '../../crypto/keyring.ts';
import { ensureVaultKeys } from '../../crypto/keys-file.ts';
import { Vault } from '../../crypto/vault.ts';
import type { Binding } from '../../crypto/vault.ts';

const binding: Binding = { tenant: 'acme', owner: 'chn_1', kind: 'access_token', version: 3 };
const message = new TextEncoder().encode('ya29.only-in-this-test');
const dir = mkdtempSync(join(tmpdir(), 'mooring-vault-'));
const keysFile = join(dir, 'keys.json');
let vault: Vault;

beforeAll(async () => {
  await ensureVaultKeys(keysFile);
  vault = new Vault(await readKeyring(keysFile));
});
afterAll(() => rmSync(dir, { recursive: true }));

const contentKey = () => {
  const { content } = JSON.parse(readFileSync(keysFile, 'utf8')) as { content: { keys: { k: string }[] } };
  return Buffer.from(content.keys[0]?.k ?? '', 'base64url');
};

describe('content under the shared key', () => {
  test.each([0, 1, 200, 65_536])('comes back as it was, %i bytes of it', async (length) => {
    const value = crypto.getRandomValues(new Uint8Array(length));
    expect(Buffer.from(await vault.decrypt(await vault.encrypt(value, binding), binding))).toEqual(Buffer.from(value));
  });

  test('is JWE as jose reads it too', async () => {
    const [header = '', encrypted_key = '', iv = '', ciphertext = '', tag = ''] = (
      await vault.encrypt(message, binding)
    ).split('.');
    const aad = Buffer.from(JSON.stringify(['acme', 'chn_1', 'access_token', 3])).toString('base64url');
    const jwe = { protected: header, encrypted_key, iv, ciphertext, tag, aad };
    const { plaintext } = await flattenedDecrypt(jwe, contentKey());
    expect(Buffer.from(plaintext)).toEqual(Buffer.from(message));
  });

  test.each([
    ['tenant', { ...binding, tenant: 'other' }],
    ['channel', { ...binding, owner: 'chn_2' }],
    ['kind', { ...binding, kind: 'message_part' }],
    ['version', { ...binding, version: 4 }],
  ] as const)('does not open for another %s', async (_what, other) => {
    const record = await vault.encrypt(message, binding);
    await expect(vault.decrypt(record, other)).rejects.toMatchObject({ code: 'vault_record_rejected' });
  });

  test.each([0, 1, 2, 3, 4])('does not open when any byte of part %i was changed', async (part) => {
    const record = await vault.encrypt(message, binding);
    const parts = record.split('.');
    const bytes = Buffer.from(parts[part] ?? '', 'base64url');
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
      const forged = parts.with(part, changed.toString('base64url')).join('.');
      await expect(vault.decrypt(forged, binding)).rejects.toMatchObject({ name: 'VaultError' });
    }
  });

  test('does not open with a tag cut short, of the content or of its key', async () => {
    const parts = (await vault.encrypt(message, binding)).split('.');
    const short = Buffer.from(parts[4] ?? '', 'base64url')
      .subarray(0, 12)
      .toString('base64url');
    const rejected = { code: 'vault_record_rejected' };
    await expect(vault.decrypt(parts.with(4, short).join('.'), binding)).rejects.toMatchObject(rejected);
    const header = JSON.parse(Buffer.from(parts[0] ?? '', 'base64url').toString()) as { tag: string };
    header.tag = Buffer.from(header.tag, 'base64url').subarray(0, 4).toString('base64url');
    const forged = parts.with(0, Buffer.from(JSON.stringify(header)).toString('base64url'));
    await expect(vault.decrypt(forged.join('.'), binding)).rejects.toMatchObject(rejected);
  });

  test('names the key that is absent', async () => {
    const other = new Vault({ ...(await readKeyring(keysFile)), content: { current: 'content-1', keys: new Map() } });
    const record = await vault.encrypt(message, binding);
    await expect(other.decrypt(record, binding)).rejects.toMatchObject({ code: 'vault_key_absent' });
  });
});

describe('opening by hand what jose made', () => {
  const key = createSecretKey(randomBytes(32));
  const made = (header: { alg: string; enc: string; kid?: string; zip?: string }, aad = 'aad') =>
    new FlattenedEncrypt(message)
      .setProtectedHeader(header)
      .setAdditionalAuthenticatedData(new TextEncoder().encode(aad))
      .encrypt(key);

  test('opens', async () => {
    const opened = openKeyWrappedContent(await made({ alg: 'A256GCMKW', enc: 'A256GCM', kid: 'k' }), key);
    expect(Buffer.from(opened)).toEqual(Buffer.from(message));
  });

  test.each([
    ['another key wrapping', { alg: 'A256KW', enc: 'A256GCM', kid: 'k' }],
    ['another content encryption', { alg: 'A256GCMKW', enc: 'A128GCM', kid: 'k' }],
    ['the key used directly', { alg: 'dir', enc: 'A256GCM', kid: 'k' }],
    ['compression', { alg: 'A256GCMKW', enc: 'A256GCM', kid: 'k', zip: 'DEF' }],
    ['no key id', { alg: 'A256GCMKW', enc: 'A256GCM' }],
  ])('refuses %s', async (_what, header) => {
    const jwe: FlattenedJWE = await made(header);
    expect(() => openKeyWrappedContent(jwe, key)).toThrow(/expected/);
  });

  test('refuses another key', async () => {
    const jwe = await made({ alg: 'A256GCMKW', enc: 'A256GCM', kid: 'k' });
    expect(() => openKeyWrappedContent(jwe, createSecretKey(randomBytes(32)))).toThrow();
  });
});
