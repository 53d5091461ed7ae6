import { createHash, createPrivateKey, randomUUID, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { SignJWT } from 'jose';
import { z } from 'zod';
import { Secret } from '../domain/secret.ts';

/** The app, as a client of a provider's authorization server. */
export interface OAuthClientConfig {
  id: string;
  /**
   * The parameters that authenticate it at this token endpoint. Files are read at every token request, so that a rotated
   * secret or certificate counts at once.
   */
  authenticate: (tokenUrl: URL) => Promise<Record<string, string>>;
}

/** For a variable that holds a secret: it is one from the start. */
export const secretVariable = z.string().transform((text) => new Secret(text));

/** A client with its id and one way to authenticate, a certificate first; null where either is missing. */
export function oauthClient(given: {
  id: string | undefined;
  secret: Secret | undefined;
  secretFile: string | undefined;
  certificateFile?: string | undefined;
}): OAuthClientConfig | null {
  const { id, secret, secretFile, certificateFile } = given;
  if (id === undefined) return null;
  if (certificateFile !== undefined) {
    return { id, authenticate: async (url) => assertion(id, url, await readFile(certificateFile, 'utf8')) };
  }
  if (secretFile !== undefined) {
    return { id, authenticate: async () => ({ client_secret: (await readFile(secretFile, 'utf8')).trim() }) };
  }
  return secret === undefined ? null : { id, authenticate: () => Promise.resolve({ client_secret: secret.reveal() }) };
}

/** How long an assertion is good. It is used once. */
const ASSERTION_LIFE = '5m';

/**
 * `private_key_jwt` (RFC 7523 section 2.2), with the certificate's SHA-256 thumbprint as Entra wants it
 * (learn.microsoft.com/entra/identity-platform/certificate-credentials).
 * @param pem the certificate and its private key, in any order
 */
async function assertion(clientId: string, tokenUrl: URL, pem: string): Promise<Record<string, string>> {
  const certificate = new X509Certificate(pem);
  const signed = await new SignJWT()
    .setProtectedHeader({
      alg: 'PS256',
      typ: 'JWT',
      'x5t#S256': createHash('sha256').update(certificate.raw).digest('base64url'),
    })
    .setIssuer(clientId)
    .setSubject(clientId)
    .setAudience(tokenUrl.href)
    .setJti(randomUUID())
    .setIssuedAt()
    .setNotBefore('0s')
    .setExpirationTime(ASSERTION_LIFE)
    .sign(createPrivateKey(pem));
  return {
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: signed,
  };
}
