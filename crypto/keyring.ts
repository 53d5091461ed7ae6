import { createSecretKey } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { importJWK } from 'jose';
import type { CryptoKey, JWK } from 'jose';
import { keysFileName, readKeysFile } from './keys-file.ts';

type Key = CryptoKey | Uint8Array;

/** The vault's keys by id. New records use the current ones; older ids stay readable until nothing needs them. */
export interface Keyring {
  sealing: { current: string; publicKeys: Map<string, Key>; privateKeys: Map<string, Key> };
  content: { current: string; keys: Map<string, KeyObject> };
}

/** Reads the keys of `MOORING_VAULT_KEYS_FILE`. Throws with the path and what was expected; never with the content. */
export async function readKeyring(path: string): Promise<Keyring> {
  const file = await readKeysFile(path);
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
  if (!known) throw new Error(`${keysFileName(path)} names a current key that is not among its keys`);
  return keyring;
}

async function importSealingKey(key: JWK, path: string): Promise<CryptoKey | Uint8Array> {
  const isX25519 = key.kty === 'OKP' && key.crv === 'X25519';
  const imported = isX25519 ? await importJWK(key, 'ECDH-ES').catch(() => null) : null;
  if (!imported) throw unfit(path, key, 'an OKP key on X25519');
  return imported;
}

/** Found at the start, not at the first use of the key long after it. */
function unfit(path: string, { kid }: JWK, expected: string): Error {
  return new Error(`${keysFileName(path)} has an unusable key "${kid}": expected ${expected}`);
}
