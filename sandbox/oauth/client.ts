import type { JsonWebKey } from 'node:crypto';
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, sign, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

interface StoredClient {
  readonly client_id: string;
  readonly client_secret: string;
  /** PKCS#8 PEM */
  readonly signing_key: string;
}

/** The one OAuth client that is registered at a provider, and the key the provider signs with; made once per folder. */
export interface RegisteredClient {
  readonly clientId: string;
  readonly clientSecret: string;
  verifySecret(given: string): boolean;
  /** A JWT, RS256. */
  sign(claims: Readonly<Record<string, unknown>>, typ?: string): string;
  readonly certificates: { readonly keys: readonly JsonWebKey[] };
}

/** @param names what a new client is called, in the provider's manner */
export function openClient(file: string, names: () => { client_id: string; client_secret: string }): RegisteredClient {
  const stored = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as StoredClient)
    : createClient(file, names());
  const key = createPrivateKey(stored.signing_key);
  const jwk = createPublicKey(key).export({ format: 'jwk' });
  const kid = createHash('sha256').update(JSON.stringify(jwk)).digest('hex').slice(0, 40);
  return {
    clientId: stored.client_id,
    clientSecret: stored.client_secret,
    verifySecret: (given) => timingSafeEqual(digest(given), digest(stored.client_secret)),
    sign(claims, typ = 'JWT') {
      const input = `${encode({ alg: 'RS256', kid, typ })}.${encode(claims)}`;
      return `${input}.${sign('RSA-SHA256', Buffer.from(input), key).toString('base64url')}`;
    },
    certificates: { keys: [{ ...jwk, kid, use: 'sig', alg: 'RS256' }] },
  };
}

function createClient(file: string, names: { client_id: string; client_secret: string }): StoredClient {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const client = { ...names, signing_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
  writeFileSync(`${file}.new`, JSON.stringify(client), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return client;
}

function encode(part: unknown): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
