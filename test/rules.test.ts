import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');
const RULES = 'docs/rules.md';
const THIS_FILE = 'test/rules.test.ts';

/** Folders without hand-written files of ours. */
const OUTSIDE = new Set(['node_modules', 'dist', '.git', '.mooring', 'meta', 'histories']);
const READ = /\.(ts|tsx|js|mjs|css|html|sql|md|ya?ml|json|go|patch)$|^(Dockerfile|run)$/;

/** What each file says, by its path from the root. */
function filesBelow(folder: string): [string, string][] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (OUTSIDE.has(entry.name) || entry.isSymbolicLink()) return [];
    if (entry.isDirectory()) return filesBelow(path);
    if (!READ.test(entry.name) || entry.name === 'package-lock.json') return [];
    return [[path, readFileSync(join(ROOT, path), 'utf8')]];
  });
}

interface Entry {
  id: string;
  held: string[];
  proofs: { file: string; name: string }[];
}

/** The entries of docs/rules.md: a heading with the id, where it is held, and which tests prove it. */
function entriesOf(text: string): Entry[] {
  return text
    .split(/^### /m)
    .slice(1)
    .map((section) => ({
      id: /^(rule \d+|[SR]-\d\d): \S/.exec(section)?.[1] ?? `no id: ${section.split('\n')[0]}`,
      held: [...(/^- Held in (.*)$/m.exec(section)?.[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, file = '']) => file),
      proofs: [...section.matchAll(/^- Proved by `([^`]+)`: “(.+)”$/gm)].map(([, file = '', name = '']) => ({
        file,
        name,
      })),
    }));
}

/** `rules 2 to 6`, `rules 9 and 10` and `rule 5` cite each rule they name. */
function citationsIn(text: string): string[] {
  const rules = [...text.matchAll(/\brules? (\d+)((?:,? (?:and|to|or) (?:rule )?\d+|, \d+)*)/gi)].flatMap(
    ([, first = '', rest = '']) => {
      const numbers = [first, ...(rest.match(/\d+/g) ?? [])].map(Number);
      const [from = 0, to = 0] = numbers;
      return / to /.test(rest) ? Array.from({ length: to - from + 1 }, (_, i) => from + i) : numbers;
    },
  );
  return [...rules.map((number) => `rule ${number}`), ...(text.match(/\b[SR]-\d\d\b/g) ?? [])];
}

/** A comment or a paragraph as one line, so that a line break splits no citation. */
const unwrapped = (text: string) => text.replaceAll(/\n[ \t]*(?:\*|\/\/|--|#)?[ \t]*/g, ' ');

/** From the root, or from the file that names it. */
const exists = (path: string, name: string) =>
  existsSync(join(ROOT, name)) || existsSync(join(ROOT, dirname(path), name));

const files = filesBelow('').filter(([path]) => path !== THIS_FILE);
const entries = entriesOf(readFileSync(join(ROOT, RULES), 'utf8'));

describe('docs/rules.md', () => {
  test('has an entry for every citation', () => {
    const known = new Set(entries.map(({ id }) => id));
    const unknown = files.flatMap(([path, text]) =>
      citationsIn(unwrapped(text))
        .filter((id) => !known.has(id))
        .map((id) => `${path}: ${id}`),
    );
    expect(unknown).toEqual([]);
  });

  test('has each id once, and the rules from 1 to 14', () => {
    const ids = entries.map(({ id }) => id);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at)).toEqual([]);
    expect(ids.filter((id) => id.startsWith('no id'))).toEqual([]);
    expect(ids.filter((id) => id.startsWith('rule '))).toEqual(
      Array.from({ length: 14 }, (_, index) => `rule ${index + 1}`),
    );
  });

  test('names files that exist', () => {
    const named = entries.flatMap(({ id, held, proofs }) => {
      if (held.length === 0 || proofs.length === 0) return [`${id}: held in ${held.length}, proofs ${proofs.length}`];
      const absent = [...held, ...proofs.map(({ file }) => file)].filter((file) => !existsSync(join(ROOT, file)));
      return absent.map((file) => `${id}: ${file}`);
    });
    expect(named).toEqual([]);
  });

  test('names tests that exist in these files', () => {
    const absent = entries.flatMap(({ id, proofs }) =>
      proofs
        .filter(({ file }) => existsSync(join(ROOT, file)))
        .filter(({ file, name }) => !readFileSync(join(ROOT, file), 'utf8').includes(name))
        .map(({ file, name }) => `${id}: ${file} has no “${name}”`),
    );
    expect(absent).toEqual([]);
  });

  test('has a test that names it for every rule', () => {
    const titles = files
      .filter(([path]) => path.endsWith('.test.ts'))
      .flatMap(([, text]) => text.match(/(['"`])(?:(?!\1).)*\brules? \d.*?\1/gi) ?? []);
    const named = new Set(titles.flatMap(citationsIn));
    expect(entries.filter(({ id }) => id.startsWith('rule ') && !named.has(id)).map(({ id }) => id)).toEqual([]);
  });
});

test('docs/glossary.md names files that exist', () => {
  const glossary = readFileSync(join(ROOT, 'docs/glossary.md'), 'utf8');
  const words = glossary.split('## Homonyms')[0]?.split(/^- /m).slice(1) ?? [];
  const wrong = words.filter((word) => {
    const file = /`([\w./-]+\.ts)`\s*(?:## .*\s*)?$/.exec(word)?.[1];
    return file === undefined || !existsSync(join(ROOT, file));
  });
  expect(wrong).toEqual([]);
});

describe('citations', () => {
  test('name documents that are in the repository', () => {
    const absent = files.flatMap(([path, text]) =>
      (text.match(/(?<![\w/.:-])[\w./-]+\.md\b/g) ?? [])
        .filter((name) => !exists(path, name))
        .map((name) => `${path}: ${name}`),
    );
    expect(absent).toEqual([]);
  });

  test('give the section of a standard alone: nobody else’s sections are here', () => {
    const STANDARD = /(RFC \d{3,5}|Core|MS-\w+|FIPS[ \w-]*)[^.;]{0,40}$/;
    const others = files.flatMap(([path, text]) =>
      [...unwrapped(text).matchAll(/(.{0,60})\bsections? (\d[\d.]*)/g)]
        .filter(([, before = '']) => !STANDARD.test(before))
        .map(([whole]) => `${path}: ${whole}`),
    );
    expect(others).toEqual([]);
  });
});

/** Words that name no actor, and the places where one is a name or is quoted. */
const NO_ACTOR = /\b(?:whoever|whatever|somebody|nobody)\b/gi;
const WHERE_IT_IS_A_NAME: Record<string, number> = {
  'CONTRIBUTING.md': 7, // the rule itself, with its examples
  'embedded/postgres-cluster.ts': 3, // the user of that name
  'sandbox/message-factory.ts': 1, // an encoding that no reader knows
};

test('a sentence names its actor: in code, documents and texts of the UI', () => {
  const found = files
    .filter(([path]) => !path.startsWith('test/'))
    .map(([path, text]) => [path, text.replaceAll(/^- Proved by .*$/gm, '').match(NO_ACTOR)?.length ?? 0] as const)
    .filter(([, count]) => count > 0);
  expect(Object.fromEntries(found)).toEqual(WHERE_IT_IS_A_NAME);
});
