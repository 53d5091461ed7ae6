import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const read = (document: string) => readFileSync(join(import.meta.dirname, '../..', document), 'utf8');

/** A piece of code of a document, as it stands there: the one of its language that has these words. */
export function documentedCode(document: string, language: string, words: string): string {
  const pieces = [...read(document).matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, name]) => name === language);
  const found = pieces.map(([, , code = '']) => code).filter((code) => code.includes(words));
  if (found.length !== 1 || !found[0])
    throw new Error(`Expected one piece of ${language} with "${words}" in ${document}`);
  return found[0];
}

export const readmeCode = (language: string, words: string) => documentedCode('README.md', language, words);

/** The commands of the README that begin like this, in their order, with the lines that continue them. */
export const readmeCommands = (beginning: string): string[] =>
  read('README.md').match(new RegExp(`^${beginning}(.*\\\\\n)*.*$`, 'gm')) ?? [];
