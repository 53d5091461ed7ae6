import { createHmac, hkdfSync } from 'node:crypto';
import { FlattenedEncrypt, flattenedDecrypt } from 'jose';
import type { FlattenedJWE } from 'jose';
import { Secret } from '../domain/secret.ts';
import { makeBearerToken, readBearerToken } from './bearer-token.ts';
import { makeKeyWrappedContent, openKeyWrappedContent } from './key-wrapped-content.ts';
import type { Keyring } from './keyring.ts';
import { isSameSecret } from './random-secrets.ts';

/**
 * What a record is bound to. It is rebuilt from the row when the record is opened and never stored in it, so a
 * record moved to another row, channel, tenant or version does not open.
 */
export interface Binding {
  tenant: string;
  /** The owner of the record: a channel, an endpoint, a sign-in. */
  owner: string;
  kind:
    | 'refresh_secret'
    | 'token_answer'
    | 'adopted_token'
    | 'adoption_answer'
    | 'access_token'
    | 'code_verifier'
    | 'webhook_secret'
    | 'idempotent_answer'
    | 'message_part'
    | 'kept_mail';
  /** The version or part number the record was made at. */
  version: number;
}

export class VaultError extends Error {
  readonly code: 'vault_key_absent' | 'vault_record_rejected';
  constructor(code: VaultError['code'], message: string) {
    super(message);
    this.name = 'VaultError';
    this.code = code;
  }
}

/**
 * Seals and encrypts with JWE (RFC 7516), five parts joined by dots as in the compact form, but with additional data.
 *
 * - `seal`/`open`: ECDH-ES on X25519 to the workers' key; a process without the private key can seal and not open.
 * - `encrypt`/`decrypt`: A256GCMKW under keys that server and worker hold.
 */
export class Vault {
  readonly #keyring: Keyring;
  readonly #alarm: (binding: Binding) => void;

  /** `alarm` is called for every record that does not belong to its row: the database was tampered with. */
  constructor(keyring: Keyring, alarm: (binding: Binding) => void = () => {}) {
    this.#keyring = keyring;
    this.#alarm = alarm;
  }

  async seal(value: Secret, binding: Binding): Promise<string> {
    const { current, publicKeys } = this.#keyring.sealing;
    const key = publicKeys.get(current);
    if (!key) throw absent(current);
    return join(
      await new FlattenedEncrypt(new TextEncoder().encode(value.reveal()))
        .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: current })
        .setAdditionalAuthenticatedData(aad(binding))
        .encrypt(key),
    );
  }

  /** Opens what `seal` made. Throws `vault_key_absent` in a process without the private key. */
  async open(record: string, binding: Binding): Promise<Secret> {
    return this.#watch(binding, async () => {
      const parts = split(record, binding);
      const key = this.#keyring.sealing.privateKeys.get(keyId(parts));
      if (!key) throw absent(keyId(parts));
      return new Secret(new TextDecoder().decode(await unseal(parts, key)));
    });
  }

  async encrypt(value: Uint8Array, binding: Binding): Promise<string> {
    const { current, keys } = this.#keyring.content;
    const key = keys.get(current);
    if (!key) throw absent(current);
    return join(makeKeyWrappedContent(value, { key, kid: current, aad: aad(binding) }));
  }

  async decrypt(record: string, binding: Binding): Promise<Uint8Array> {
    return this.#watch(binding, async () => {
      const parts = split(record, binding);
      const key = this.#keyring.content.keys.get(keyId(parts));
      if (!key) throw absent(keyId(parts));
      try {
        return openKeyWrappedContent(parts, key);
      } catch {
        throw rejected();
      }
    });
  }

  async #watch<T>(binding: Binding, open: () => Promise<T>): Promise<T> {
    try {
      return await open();
    } catch (error) {
      if (error instanceof VaultError && error.code === 'vault_record_rejected') this.#alarm(binding);
      throw error;
    }
  }

  /** The ids of the keys with which this process can open what is under them. */
  keyIds(how: 'sealed' | 'encrypted'): string[] {
    const { sealing, content } = this.#keyring;
    return [...(how === 'sealed' ? sealing.privateKeys : content.keys).keys()];
  }

  /** The id of the key that records are made under now. */
  currentKey(how: 'sealed' | 'encrypted'): string {
    const { sealing, content } = this.#keyring;
    return how === 'sealed' ? sealing.current : content.current;
  }

  /** A hash of `text` (HMAC-SHA-256) under a key derived for `label`, with the id of the key it was derived from. */
  keyedHash(text: string, label: string): string {
    const { current } = this.#keyring.content;
    const hash = this.#hashUnder(current, text, label);
    if (hash === null) throw absent(current);
    return `${current}:${hash}`;
  }

  /** Whether `keyedHash` made it of this text; false too where its key is no longer in the keys file. */
  isKeyedHash(keyed: string, text: string, label: string): boolean {
    const at = keyed.indexOf(':');
    const hash = this.#hashUnder(keyed.slice(0, at), text, label);
    return hash !== null && isSameSecret(keyed.slice(at + 1), hash);
  }

  /** The keyed hashes of `text` under every key of the keys file, to find one that was made under an older key. */
  keyedHashes(text: string, label: string): string[] {
    const { keys } = this.#keyring.content;
    return [...keys.keys()].map((keyId) => `${keyId}:${this.#hashUnder(keyId, text, label)}`);
  }

  /** A token that carries `claims` for a holder who can neither read nor change them. */
  makeToken(claims: string, label: string): string {
    const { current } = this.#keyring.content;
    const key = this.#derive(current, label);
    if (key === null) throw absent(current);
    return makeBearerToken(claims, key);
  }

  /** The claims of a token of `makeToken`; null for any other text, and where its key is no longer in the keys file. */
  readToken(token: string, label: string): string | null {
    const { current, keys } = this.#keyring.content;
    for (const keyId of new Set([current, ...keys.keys()])) {
      const key = this.#derive(keyId, label);
      const claims = key && readBearerToken(token, key);
      if (claims !== null) return claims;
    }
    return null;
  }

  #hashUnder(keyId: string, text: string, label: string): string | null {
    const derived = this.#derive(keyId, label);
    return derived && createHmac('sha256', derived).update(text).digest('base64url');
  }

  /** A key for one purpose; null without the key that it is derived from. */
  #derive(keyId: string, label: string): Buffer | null {
    const key = this.#keyring.content.keys.get(keyId);
    return key ? Buffer.from(hkdfSync('sha256', key, '', label, 32)) : null;
  }

  encryptSecret(value: Secret, binding: Binding): Promise<string> {
    return this.encrypt(new TextEncoder().encode(value.reveal()), binding);
  }

  async decryptSecret(record: string, binding: Binding): Promise<Secret> {
    return new Secret(new TextDecoder().decode(await this.decrypt(record, binding)));
  }
}

function aad(binding: Binding): Uint8Array {
  return new TextEncoder().encode(JSON.stringify([binding.tenant, binding.owner, binding.kind, binding.version]));
}

function join(jwe: FlattenedJWE): string {
  return [jwe.protected, jwe.encrypted_key ?? '', jwe.iv, jwe.ciphertext, jwe.tag].join('.');
}

function split(record: string, binding: Binding): FlattenedJWE {
  const [header, encryptedKey, iv, ciphertext, tag, ...rest] = record.split('.');
  if (!header || !iv || ciphertext === undefined || !tag || rest.length > 0) throw rejected();
  return {
    protected: header,
    ...(encryptedKey ? { encrypted_key: encryptedKey } : {}),
    iv,
    ciphertext,
    tag,
    aad: Buffer.from(aad(binding)).toString('base64url'),
  };
}

function keyId(parts: FlattenedJWE): string {
  try {
    const header = JSON.parse(Buffer.from(parts.protected ?? '', 'base64url').toString()) as { kid?: unknown };
    return typeof header.kid === 'string' ? header.kid : '';
  } catch {
    throw rejected();
  }
}

async function unseal(parts: FlattenedJWE, key: Parameters<typeof flattenedDecrypt>[1]) {
  try {
    const { plaintext } = await flattenedDecrypt(parts, key, {
      keyManagementAlgorithms: ['ECDH-ES'],
      contentEncryptionAlgorithms: ['A256GCM'],
    });
    return plaintext;
  } catch {
    throw rejected();
  }
}

const absent = (kid: string) =>
  new VaultError('vault_key_absent', `The keys file has no key "${kid}", which this record needs`);
const rejected = () =>
  new VaultError('vault_record_rejected', 'A vault record does not belong to its row or was changed');
