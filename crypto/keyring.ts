import { createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { mkdirSync, openSync, closeSync, writeFileSync, renameSync, fsyncSync } from 'node:fs';
import { dirname } from 'node:path';
import { exportJWK, generateKeyPair, generateSecret, importJWK } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import { z } from 'zod';

/** Ids stand in every record's header, where the database reads them by a pattern. */
const keyId = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);
const jwk = z.looseObject({ kid: keyId, kty: z.string() });
const keysFile = z.object({
  /** Key pairs for what only workers may open; the server's copy may lack the private half (`d`). */
  sealing: z.object({ current: z.string(), keys: z.array(jwk).min(1) }),
  /** Symmetric keys for what server and worker both open. */
  content: z.object({ current: z.string(), keys: z.array(jwk).min(1) }),
});

type Key = CryptoKey | Uint8Array;

/** The vault's keys by id. New records use the current ones; older ids stay readable until nothing needs them. */
export interface Keyring {
  sealing: { current: string; publicKeys: Map<string, Key>; privateKeys: Map<string, Key> };
  content: { current: string; keys: Map<string, KeyObject> };
}

/** Reads the keys of `MOORING_VAULT_KEYS_FILE`. Throws with the path and what was expected; never with the content. */
export async function readKeyring(path: string): Promise<Keyring> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${named(path)} cannot be read (${error.code})`);
  });
  const parsed = keysFile.safeParse(parseJson(text));
  if (!parsed.success) {
    throw new Error(
      `${named(path)} is not {sealing, content}, each {current, keys: [JWK with kid]}; a kid is 1 to 64 of A-Z a-z 0-9 . _ -`,
    );
  }
  return importKeys(parsed.data, path);
}

interface KeysFile {
  sealing: { current: string; keys: (JWK & { kid: string })[] };
  content: { current: string; keys: (JWK & { kid: string })[] };
}

async function importKeys(file: KeysFile, path: string): Promise<Keyring> {
  const keyring: Keyring = {
    sealing: { current: file.sealing.current, publicKeys: new Map(), privateKeys: new Map() },
    content: { current: file.content.current, keys: new Map() },
  };
  for (const key of file.sealing.keys) {
    const { d, ...publicHalf } = key;
    keyring.sealing.publicKeys.set(key.kid, await importSealingKey(publicHalf, path));
    if (d !== undefined) keyring.sealing.privateKeys.set(key.kid, await importSealingKey(key, path));
  }
  for (const key of file.content.keys) {
    const bytes = await importJWK(key, 'A256GCMKW').catch(() => null);
    if (!(bytes instanceof Uint8Array) || bytes.length !== 32) throw unfit(path, key, 'an oct key of 256 bits');
    keyring.content.keys.set(key.kid, createSecretKey(bytes));
  }
  const known = keyring.sealing.publicKeys.has(file.sealing.current) && keyring.content.keys.has(file.content.current);
  if (!known) throw new Error(`${named(path)} names a current key that is not among its keys`);
  return keyring;
}

async function importSealingKey(key: JWK, path: string): Promise<CryptoKey | Uint8Array> {
  const isX25519 = key.kty === 'OKP' && key.crv === 'X25519';
  const imported = isX25519 ? await importJWK(key, 'ECDH-ES').catch(() => null) : null;
  if (!imported) throw unfit(path, key, 'an OKP key on X25519');
  return imported;
}

const named = (path: string) => `The vault's keys file ${path}, which MOORING_VAULT_KEYS_FILE names,`;

/** Found at the start, not at the first use of the key long after it. */
function unfit(path: string, { kid }: JWK, expected: string): Error {
  return new Error(`${named(path)} has an unusable key "${kid}": expected ${expected}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Makes a keys file with mode 0600 unless it exists. Its loss loses every credential: there is no other copy of the keys. */
export async function ensureVaultKeys(path: string): Promise<void> {
  const there = await readFile(path, 'utf8').then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false;
      throw error;
    },
  );
  if (there) return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const pair = await generateKeyPair('ECDH-ES', { crv: 'X25519', extractable: true });
  const secret = await generateSecret('A256GCMKW', { extractable: true });
  const file = {
    sealing: { current: 'seal-1', keys: [{ kid: 'seal-1', ...(await exportJWK(pair.privateKey)) }] },
    content: { current: 'content-1', keys: [{ kid: 'content-1', ...(await exportJWK(secret)) }] },
  };
  writeWhole(path, JSON.stringify(file, null, 2));
}

/** Written beside and renamed into place, on disk before it is used: half a keys file would lose what it sealed. */
function writeWhole(path: string, text: string): void {
  const beside = `${path}.${process.pid}`;
  const file = openSync(beside, 'wx', 0o600);
  writeFileSync(file, text);
  fsyncSync(file);
  closeSync(file);
  renameSync(beside, path);
}
