import type { KeyObject } from 'node:crypto';
import { createPublicKey, generateKeyPairSync, randomBytes, verify } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const EMAIL = 'security-events@mooring-sandbox.iam.gserviceaccount.com';
const AUDIENCE = 'https://risc.googleapis.com/google.identity.risc.v1beta.RiscManagementService';

/** The service account that may configure the project's stream, generated once per folder. */
export interface ServiceAccount {
  /** Its key file, as Google Cloud makes them. */
  readonly file: string;
  /** Whether its key signed this token, for the management of security events, and the token is still good. */
  admits(token: string | undefined, nowMs: number): boolean;
}

export function openServiceAccount(dir: string): ServiceAccount {
  const file = join(dir, 'google-service-account.json');
  if (!existsSync(file)) createFile(file);
  const { private_key } = JSON.parse(readFileSync(file, 'utf8')) as { private_key: string };
  const key = createPublicKey(private_key);
  return { file, admits: (token, nowMs) => token !== undefined && isGood(token, key, nowMs / 1000) };
}

function createFile(file: string): void {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const content = {
    type: 'service_account',
    project_id: 'mooring-sandbox',
    private_key_id: randomBytes(20).toString('hex'),
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    client_email: EMAIL,
  };
  writeFileSync(`${file}.new`, JSON.stringify(content), { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** https://developers.google.com/identity/protocols/risc#auth_token */
function isGood(token: string, key: KeyObject, nowS: number): boolean {
  const [header = '', payload = '', signature = ''] = token.split('.');
  if (!verify('RSA-SHA256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64url')))
    return false;
  const {
    iss,
    sub,
    aud,
    exp = 0,
  } = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown> & {
    exp?: number;
  };
  // The client's clock may stand still while the sandbox's runs ahead: a token counts for a day longer than Google's.
  return iss === EMAIL && sub === EMAIL && aud === AUDIENCE && exp > nowS - 86_400;
}
