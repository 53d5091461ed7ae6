import { createHash, createPublicKey, randomBytes, randomUUID, verify, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import type { RegisteredClient } from '../../oauth/client.ts';
import { openClient } from '../../oauth/client.ts';

/** The app registration: a secret, and a certificate whose private key only the app's file has. */
export interface EntraClient extends RegisteredClient {
  /** PEM, the certificate and its private key: what an app is given in place of a secret. */
  readonly certificateFile: string;
  /** What is wrong with a `client_assertion`; undefined when it proves the client. */
  refuseAssertion(assertion: string, audiences: readonly string[], now: Date): AssertionFlaw | undefined;
}

type AssertionFlaw = 'signature' | 'time' | 'audience';

const TEN_YEARS_MS = 10 * 365 * 86_400_000;

export async function openEntraClient(dir: string): Promise<EntraClient> {
  const client = openClient(join(dir, 'microsoft-client.json'), () => ({
    client_id: randomUUID(),
    client_secret: `${randomBytes(3).toString('base64url')}8Q~${randomBytes(24).toString('base64url')}`,
  }));
  const certificateFile = join(dir, 'microsoft-client.pem');
  if (!existsSync(certificateFile)) await makeCertificate(certificateFile);
  const certificate = new X509Certificate(readFileSync(certificateFile, 'utf8'));
  return {
    ...client,
    certificateFile,
    refuseAssertion: (assertion, audiences, now) =>
      refuseAssertion(assertion, { certificate, clientId: client.clientId, audiences, now }),
  };
}

async function makeCertificate(file: string): Promise<void> {
  const made = await generate([{ name: 'commonName', value: 'Mooring' }], {
    keySize: 2048,
    algorithm: 'sha256',
    notAfterDate: new Date(Date.now() + TEN_YEARS_MS),
  });
  writeFileSync(`${file}.new`, `${made.cert}\n${made.private}`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

interface Expected {
  readonly certificate: X509Certificate;
  readonly clientId: string;
  readonly audiences: readonly string[];
  readonly now: Date;
}

/** https://learn.microsoft.com/entra/identity-platform/certificate-credentials */
function refuseAssertion(
  assertion: string,
  { certificate, clientId, audiences, now }: Expected,
): AssertionFlaw | undefined {
  const [head = '', body = '', signature = ''] = assertion.split('.');
  const header = decode(head);
  const claims = decode(body);
  const key = createPublicKey(certificate.publicKey.export({ type: 'spki', format: 'pem' }));
  const signed = Buffer.from(`${head}.${body}`);
  const bytes = Buffer.from(signature, 'base64url');
  const padded = { key, padding: 6 /* RSA_PKCS1_PSS_PADDING */, saltLength: 32 };
  const verified =
    (header['alg'] === 'RS256' && verify('RSA-SHA256', signed, key, bytes)) ||
    (header['alg'] === 'PS256' && verify('RSA-SHA256', signed, padded, bytes));
  if (!verified || !thumbprints(certificate).includes(String(header['x5t'] ?? header['x5t#S256']))) return 'signature';
  if (claims['iss'] !== clientId || claims['sub'] !== clientId || !claims['jti']) return 'signature';
  const seconds = now.getTime() / 1000;
  if (!(Number(claims['exp']) > seconds) || Number(claims['nbf'] ?? 0) > seconds + 300) return 'time';
  return audiences.includes(String(claims['aud'])) ? undefined : 'audience';
}

function thumbprints(certificate: X509Certificate): string[] {
  return ['sha1', 'sha256'].map((hash) => createHash(hash).update(certificate.raw).digest('base64url'));
}

function decode(part: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
