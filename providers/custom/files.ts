import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { ProviderDefinition } from '../definition.ts';
import { definitionOf } from './definition.ts';
import { readProviderFile } from './read-file.ts';

/** The folder of the files that ship. */
const SHIPPED = import.meta.dirname;
const ENDING = '.yaml';

/**
 * The providers that the files of a folder describe. Every wrong file is a problem, with its line: a process that left one out
 * would leave its channels without a word.
 * @param given the folder; absent: that of the files that ship
 */
export function readProviderFiles(given?: string): { definitions: ProviderDefinition[]; problems: string[] } {
  const folder = given ?? SHIPPED;
  try {
    const names = readdirSync(folder).toSorted();
    const wrong = names.filter((name) => name.endsWith('.yml'));
    const read = names.filter((name) => name.endsWith(ENDING)).map((name) => readOne(join(folder, name)));
    return {
      definitions: read.flatMap(({ file }) => (file ? [definitionOf(file)] : [])),
      problems: [
        ...wrong.map((name) => `${join(folder, name)}: expected the ending ${ENDING}`),
        ...read.flatMap(({ problems }) => problems),
      ],
    };
  } catch (error) {
    const { code, path = folder } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return { definitions: [], problems: [`MOORING_PROVIDERS_DIR: ${path} cannot be read (${code})`] };
  }
}

const readOne = (path: string) => readProviderFile(path, readFileSync(path, 'utf8'), basename(path, ENDING));
