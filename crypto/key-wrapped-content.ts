import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { FlattenedJWE } from 'jose';

const KEY_BYTES = 32;
const IV_BYTES = 12;
/** The shortest that JWE allows (RFC 7518 section 5.3), and more than Node would insist on. */
const TAG_BYTES = 16;

/*
 * JWE of `A256GCMKW` and `A256GCM` (RFC 7516 section 5, RFC 7518 sections 4.7 and 5.3) with Node's own AES-GCM. Every
 * token read opens one and every message imported makes one, and each of jose's two steps is a job of the thread pool
 * that costs ten times the encryption itself.
 */

/** Encrypts `value` under a key of its own, wrapped in `key`; `aad` is authenticated with it and not part of it. */
export function makeKeyWrappedContent(
  value: Uint8Array,
  { key, kid, aad }: { key: KeyObject; kid: string; aad: Uint8Array },
): FlattenedJWE & { protected: string } {
  const random = randomBytes(KEY_BYTES + 2 * IV_BYTES); // one call to the generator instead of three
  const contentKey = random.subarray(0, KEY_BYTES);
  const wrapped = encipher(contentKey, key, random.subarray(KEY_BYTES, KEY_BYTES + IV_BYTES));
  const header = { alg: 'A256GCMKW', enc: 'A256GCM', kid, iv: text(wrapped.iv), tag: text(wrapped.tag) };
  const protectedHeader = text(Buffer.from(JSON.stringify(header)));
  const additionalData = text(Buffer.from(aad));
  const content = encipher(
    value,
    createSecretKey(contentKey),
    random.subarray(KEY_BYTES + IV_BYTES),
    Buffer.from(`${protectedHeader}.${additionalData}`, 'ascii'),
  );
  return {
    protected: protectedHeader,
    encrypted_key: text(wrapped.ciphertext),
    iv: text(content.iv),
    ciphertext: text(content.ciphertext),
    tag: text(content.tag),
    aad: additionalData,
  };
}

/** Opens a JWE of `makeKeyWrappedContent` or of jose; throws if anything about it is wrong. */
export function openKeyWrappedContent(jwe: FlattenedJWE, key: KeyObject): Uint8Array {
  const protectedHeader = jwe.protected ?? '';
  const header: unknown = JSON.parse(bytes(protectedHeader).toString());
  const { iv, tag } = keyWrapping(header);
  const contentKey = decipher({ key, iv, tag, ciphertext: bytes(jwe.encrypted_key ?? '') });
  if (contentKey.length !== KEY_BYTES) throw new Error('expected a content key of 256 bits');
  return decipher({
    key: takeKey(contentKey),
    iv: bytes(jwe.iv ?? ''),
    tag: bytes(jwe.tag ?? ''),
    ciphertext: bytes(jwe.ciphertext),
    additionalData: Buffer.from(`${protectedHeader}.${jwe.aad ?? ''}`, 'ascii'),
  });
}

/**
 * Wipes the bytes once the key object has its copy, which Node wipes itself (S-27); it also costs a third of what bytes
 * do.
 */
function takeKey(bytesOfKey: Buffer): KeyObject {
  const key = createSecretKey(bytesOfKey);
  bytesOfKey.fill(0);
  return key;
}

/** What we write and nothing else: a header that asks for more (`zip`, `crit`, another algorithm) is not ours. */
function keyWrapping(header: unknown): { iv: Buffer; tag: Buffer } {
  if (typeof header !== 'object' || header === null) throw new Error('expected a JSON object as the header');
  const { alg, enc, kid, iv, tag, ...others } = header as Record<string, unknown>;
  const isOurs =
    alg === 'A256GCMKW' && enc === 'A256GCM' && typeof kid === 'string' && Object.keys(others).length === 0;
  if (!isOurs || typeof iv !== 'string' || typeof tag !== 'string') {
    throw new Error('expected the header {alg: A256GCMKW, enc: A256GCM, kid, iv, tag}');
  }
  return { iv: bytes(iv), tag: bytes(tag) };
}

/** The 96-bit IV is random: a content key is used once, and a wrapping key has to be replaced before 2^32 uses. */
function encipher(value: Uint8Array, key: KeyObject, iv: Buffer, additionalData?: Buffer) {
  const cipher = createCipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  if (additionalData) cipher.setAAD(additionalData);
  const ciphertext = cipher.update(value);
  cipher.final(); // a stream cipher keeps nothing back: there is nothing to append
  return { iv, ciphertext, tag: cipher.getAuthTag() };
}

interface Sealed {
  key: KeyObject;
  iv: Buffer;
  tag: Buffer;
  ciphertext: Buffer;
  additionalData?: Buffer;
}

function decipher({ key, iv, tag, ciphertext, additionalData }: Sealed): Buffer {
  if (iv.length !== IV_BYTES || tag.length !== TAG_BYTES) throw new Error('expected an IV of 96 and a tag of 128 bits');
  const cipher = createDecipheriv('aes-256-gcm', key, iv, { authTagLength: TAG_BYTES });
  if (additionalData) cipher.setAAD(additionalData);
  cipher.setAuthTag(tag);
  // Nothing of it leaves before `final` has found the tag right.
  return Buffer.concat([cipher.update(ciphertext), cipher.final()]);
}

const bytes = (encoded: string) => Buffer.from(encoded, 'base64url');
const text = (decoded: Buffer) => decoded.toString('base64url');
