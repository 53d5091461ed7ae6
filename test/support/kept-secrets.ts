import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { learnSecret } from './minting.ts';

/** What is minted by others shows in their own files, at the ends of a JSON string or of a line. */
const SHAPES: [kind: string, shape: RegExp][] = [
  ['access-token', /"(ya29\.[^"]+)"/g],
  ['refresh-token', /"(1\/\/0[^"]+)"/g],
  ['code', /"(4\/0A[^"]+)"/g],
  ['client-secret', /"(GOCSPX-[^"]+)"/g],
  ['vault-key', /"(?:d|k)":\s*"([\w-]{43})"/g],
  ['database-password', /"(?:server|worker|listener)":\s*"([\w-]{43})"/g],
  ['api-key', /\b(mk_[\w-]{43})\b/g],
  ['login-token', /\/login\?token=([\w-]{43})/g],
];

/**
 * Puts on the list what the simulated provider gave out (its journal has every token and code), the vault's keys and
 * the first API key: all that stands in the files of a state folder, not in the folders within it that are given.
 */
export function learnSecretsIn(dir: string, exceptFolders: string[]): void {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory() && !exceptFolders.includes(entry.name)) learnSecretsIn(path, exceptFolders);
    if (!entry.isFile()) continue;
    const text = readFileSync(path, 'utf8');
    for (const [kind, shape] of SHAPES) for (const [, value = ''] of text.matchAll(shape)) learnSecret(kind, value);
  }
}
