import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { withoutValues } from './database-error.ts';
import type { Secret } from '../domain/secret.ts';
import { loginOf, PROGRAMS } from './roles.ts';
import type { Program } from './roles.ts';

export type LoginPasswords = Record<Program, Secret>;

/** Lets every program log in with its password; what each login may do stands in `rights.sql`. `url` is the owner's. */
export async function ensureLogins(url: string, passwords: LoginPasswords): Promise<void> {
  const owner = postgres(url, { max: 1, onnotice: () => {} });
  try {
    for (const program of PROGRAMS) {
      const verifier = scramVerifier(passwords[program]);
      await withoutValues(owner.unsafe(`alter role ${loginOf(program)} login password '${verifier}'`));
    }
  } finally {
    await owner.end({ timeout: 5 });
  }
}

/** The address `url` for the login of a program. */
export function loginUrl(url: string, program: Program, password: Secret): string {
  const address = new URL(url);
  address.username = loginOf(program);
  address.password = password.reveal();
  return address.href;
}

/** What PostgreSQL stores of a password (RFC 5803). The password itself would stand in its log beside an error. */
function scramVerifier(password: Secret): string {
  const iterations = 4096;
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password.reveal(), salt, iterations, 32, 'sha256');
  const keyed = (word: string) => createHmac('sha256', salted).update(word).digest();
  const storedKey = createHash('sha256').update(keyed('Client Key')).digest('base64');
  const serverKey = keyed('Server Key').toString('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
