import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';

/**
 * `.env` under the real environment, which wins; empty values count as absent. The only reader of the environment,
 * apart from `config.ts` so that a command that needs no configuration loads no provider.
 */
export function readEnvironment(): Record<string, string> {
  const merged = { ...readDotEnv(), ...process.env };
  return Object.fromEntries(Object.entries(merged).filter((entry): entry is [string, string] => Boolean(entry[1])));
}

function readDotEnv(): Record<string, string | undefined> {
  try {
    return parseEnv(readFileSync('.env', 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}
