import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A piece of code of the README, as it stands there: the one of its language that has these words. */
export function readmeCode(language: string, words: string): string {
  const text = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
  const pieces = [...text.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, name]) => name === language);
  const found = pieces.map(([, , code = '']) => code).filter((code) => code.includes(words));
  if (found.length !== 1 || !found[0])
    throw new Error(`Expected one piece of ${language} with "${words}" in the README`);
  return found[0];
}
