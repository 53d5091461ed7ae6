import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const runDir = process.env['TEST_RUN_DIR'];
const listOf = (name: 'secrets' | 'personal') => (runDir ? join(runDir, `${name}.jsonl`) : null);
const known = new Set<string>();

export interface KnownSecret {
  kind: string;
  value: string;
  /** The test file that used it. */
  file: string;
}

/** Secrets of tests bear this, so that one that was not minted can be told. */
export const MINT_MARK = 'canary-';

/** A new, unique secret for a test; the last test looks for it in everything that was kept. */
export function secret(kind: string): string {
  const value = `${MINT_MARK}${randomBytes(12).toString('hex')}-${kind}`;
  learnSecret(kind, value);
  return value;
}

/** What `personal()` mints begins with this. */
const PERSONAL_MARK = 'personal-';

/**
 * A new, unique word of a mailbox, for a subject or as an address's local part; the last test looks for it in all logs and
 * histories. Rows, webhooks and answers are where it belongs.
 */
export function personal(kind: string): string {
  const value = `${PERSONAL_MARK}${randomBytes(12).toString('hex')}-${kind}`;
  learn('personal', kind, value);
  return value;
}

/** Puts a secret on the list that was minted elsewhere: by the sandbox, the server, PostgreSQL's start. */
export function learnSecret(kind: string, value: string): void {
  learn('secrets', kind, signatureOf(value) ?? value);
}

/** Signed tokens of one issuer begin alike: their signature tells them apart. */
const signatureOf = (value: string): string | undefined => /^eyJ[\w-]+\.[\w-]+\.([\w-]{40,})$/.exec(value)?.[1];

function learn(name: 'secrets' | 'personal', kind: string, value: string): void {
  const list = listOf(name);
  if (!list || known.has(value)) return;
  known.add(value);
  appendFileSync(list, `${JSON.stringify({ kind, value, file: process.env['TEST_FILE'] ?? '' })}\n`);
}

export const knownSecrets = (): KnownSecret[] => listed('secrets');
export const knownPersonal = (): KnownSecret[] => listed('personal');

function listed(name: 'secrets' | 'personal'): KnownSecret[] {
  const list = listOf(name);
  if (!list || !existsSync(list)) return [];
  const lines = readFileSync(list, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as KnownSecret);
}
