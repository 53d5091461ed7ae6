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
  const names = attempt(() => readdirSync(folder).toSorted());
  if ('code' in names)
    return { definitions: [], problems: [`MOORING_PROVIDERS_DIR: ${folder} cannot be read (${names.code})`] };
  const wrong = names.value.filter((name) => /\.yml$|\.yaml$/i.test(name) && !name.endsWith(ENDING));
  const read = names.value.filter((name) => name.endsWith(ENDING)).map((name) => readOne(join(folder, name)));
  return {
    definitions: read.flatMap(({ file }) => (file ? [definitionOf(file)] : [])),
    problems: [
      ...wrong.map((name) => `${join(folder, name)}: expected the ending ${ENDING}`),
      ...read.flatMap(({ problems }) => problems),
    ],
  };
}

function readOne(path: string): ReturnType<typeof readProviderFile> {
  const text = attempt(() => readFileSync(path, 'utf8'));
  if ('code' in text) return { file: null, problems: [`${path}: cannot be read (${text.code})`] };
  return readProviderFile(path, text.value, basename(path, ENDING));
}

/** What the file system answers, or the code of its refusal. */
function attempt<Value>(read: () => Value): { value: Value } | { code: string } {
  try {
    return { value: read() };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return { code };
  }
}
