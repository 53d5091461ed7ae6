import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { dirname } from 'node:path';
import { exportJWK, generateKeyPair, generateSecret } from 'jose';
import type { JWK } from 'jose';
import { z } from 'zod';

/** Ids stand in every record's header, where the database reads them by a pattern. */
const keyId = z.string().regex(/^[A-Za-z0-9._-]{1,64}$/);
const jwk = z.looseObject({ kid: keyId, kty: z.string() });
const keysFile = z.object({
  /** Key pairs for what only workers and listeners may open; the server's file has no private half (`d`). */
  sealing: z.object({ current: z.string(), keys: z.array(jwk).min(1) }),
  /** Symmetric keys for what every process opens. */
  content: z.object({ current: z.string(), keys: z.array(jwk).min(1) }),
});

export interface KeysFile {
  sealing: { current: string; keys: (JWK & { kid: string })[] };
  content: { current: string; keys: (JWK & { kid: string })[] };
}

/** Reads a keys file. Throws with the path and what was expected; never with the content. */
export async function readKeysFile(path: string): Promise<KeysFile> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Error(`${keysFileName(path)} cannot be read (${error.code})`);
  });
  const parsed = keysFile.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new Error(
    `${keysFileName(path)} is not {sealing, content}, each {current, keys: [JWK with kid]}; a kid is 1 to 64 of A-Z a-z 0-9 . _ -`,
  );
}

export const keysFileName = (path: string) => `The vault's keys file ${path}, which MOORING_VAULT_KEYS_FILE names,`;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Makes the workers' keys file with mode 0600 unless it exists; true when it was made. Without this file no credential
 * can be opened.
 */
export async function ensureVaultKeys(path: string): Promise<boolean> {
  if ((await readIfThere(path)) !== null) return false;
  const pair = await generateKeyPair('ECDH-ES', { crv: 'X25519', extractable: true });
  const secret = await generateSecret('A256GCMKW', { extractable: true });
  const file = {
    sealing: { current: 'seal-1', keys: [{ kid: 'seal-1', ...(await exportJWK(pair.privateKey)) }] },
    content: { current: 'content-1', keys: [{ kid: 'content-1', ...(await exportJWK(secret)) }] },
  };
  writeWhole(path, textOf(file));
  return true;
}

/**
 * Writes the server's keys file: the workers' without the private keys. `unchanged` when it was that already. Throws
 * where that would destroy the only copy of a private key.
 */
export async function writeServerKeys(files: {
  workers: string;
  server: string;
}): Promise<'made' | 'renewed' | 'unchanged'> {
  const { sealing, content } = await readKeysFile(files.workers);
  const copy = textOf({ sealing: { ...sealing, keys: sealing.keys.map(publicHalfOf) }, content });
  const before = await readIfThere(files.server);
  if (before === copy) return 'unchanged';
  if (before !== null) await refuseToDestroy(files, before);
  writeWhole(files.server, copy);
  return before === null ? 'made' : 'renewed';
}

type SealingKey = KeysFile['sealing']['keys'][number];

function publicHalfOf(key: SealingKey): SealingKey {
  const { d: _, ...publicHalf } = key;
  return publicHalf;
}

async function refuseToDestroy({ workers, server }: { workers: string; server: string }, text: string): Promise<void> {
  const isSame = (await realpath(workers)) === (await realpath(server));
  const kept = isSame ? [] : (await readKeysFile(workers)).sealing.keys.map(({ d }) => d);
  const lost = privateKeysIn(text).filter((key) => !kept.includes(key));
  if (lost.length > 0) {
    throw new Error(
      `${server} has private keys that ${isSame ? 'no other file' : workers} has: it is not replaced by a server's keys file. ` +
        "Move it to another name, and name it as the workers' file",
    );
  }
}

function privateKeysIn(text: string): string[] {
  const parsed = keysFile.safeParse(parseJson(text));
  return (parsed.data?.sealing.keys ?? []).flatMap(({ d }) => (typeof d === 'string' ? [d] : []));
}

const textOf = (file: KeysFile) => JSON.stringify(file, null, 2);

async function readIfThere(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
}

/** Written beside and renamed into place, on disk before it is used: half a keys file would lose what it sealed. */
function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const beside = `${path}.${process.pid}`;
  const file = openSync(beside, 'wx', 0o600);
  writeFileSync(file, text);
  fsyncSync(file);
  closeSync(file);
  renameSync(beside, path);
}
