import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const runDir = process.env['TEST_RUN_DIR'];
const list = runDir ? join(runDir, 'secrets.jsonl') : null;
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

/** Puts a secret on the list that was minted elsewhere: by the sandbox, the server, PostgreSQL's start. */
export function learnSecret(kind: string, value: string): void {
  if (!list || known.has(value)) return;
  known.add(value);
  appendFileSync(list, `${JSON.stringify({ kind, value, file: process.env['TEST_FILE'] ?? '' })}\n`);
}

export function knownSecrets(): KnownSecret[] {
  if (!list || !existsSync(list)) return [];
  const lines = readFileSync(list, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as KnownSecret);
}
