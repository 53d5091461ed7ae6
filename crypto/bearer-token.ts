import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

const ALGORITHM = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Encrypts claims into a token for a holder that can neither read nor change it; nothing of it is stored. */
export function makeBearerToken(claims: string, key: Buffer): string {
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv(ALGORITHM, key, iv, { authTagLength: TAG_BYTES });
  return Buffer.concat([iv, cipher.update(claims, 'utf8'), cipher.final(), cipher.getAuthTag()]).toString('base64url');
}

/** null: the token was not made with this key. */
export function readBearerToken(token: string, key: Buffer): string | null {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length < IV_BYTES + TAG_BYTES) return null;
  const decipher = createDecipheriv(ALGORITHM, key, bytes.subarray(0, IV_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
  try {
    const claims = decipher.update(bytes.subarray(IV_BYTES, -TAG_BYTES));
    return Buffer.concat([claims, decipher.final()]).toString('utf8');
  } catch {
    return null;
  }
}
