import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/**
 * The order of the rooms: a room imports rooms above it in this table and no others. A name ending in `:type` allows
 * `import type` alone; a name with a folder allows that folder alone. Commands at the root stand under their own name;
 * what each of them needs is its table of contents.
 */
const MAY_IMPORT: Record<string, string[]> = {
  domain: [],
  crypto: ['domain'],
  net: ['domain'],
  providers: ['domain', 'net'],
  db: ['domain'],
  mailer: ['domain', 'crypto', 'net', 'db'],
  runtime: ['domain', 'crypto', 'providers', 'db', 'mailer'],
  channels: ['domain', 'db', 'runtime:type'],
  credentials: ['domain', 'crypto', 'providers:type', 'db', 'runtime:type', 'channels'],
  push: ['domain', 'providers:type', 'db', 'runtime:type', 'channels', 'credentials'],
  imports: ['domain', 'providers:type', 'db', 'runtime:type', 'channels', 'credentials'],
  sending: ['domain', 'providers:type', 'db', 'runtime:type', 'channels', 'credentials', 'imports'],
  watching: ['domain', 'providers:type', 'db', 'runtime', 'channels', 'credentials', 'push', 'imports'],
  connections: [
    'domain',
    'crypto',
    'providers:type',
    'db',
    'runtime:type',
    'channels',
    'credentials',
    'push',
    'imports',
  ],
  webhooks: ['domain', 'crypto', 'net', 'db', 'runtime'],
  notifications: ['domain', 'crypto', 'providers:type', 'db', 'runtime', 'channels', 'connections'],
  activities: [
    'domain',
    'runtime:type',
    'channels',
    'credentials',
    'push',
    'imports',
    'sending',
    'connections',
    'webhooks',
    'notifications',
  ],
  workflows: ['domain', 'activities:type', 'imports:type', 'webhooks:type', 'notifications:type'],
  background: ['domain', 'providers:type', 'db', 'runtime', 'channels', 'push', 'connections'],
  api: [
    'domain',
    'crypto',
    'net',
    'providers',
    'db',
    'mailer',
    'runtime:type',
    'channels',
    'push',
    'sending',
    'connections',
    'webhooks',
    'notifications',
  ],
  sandbox: ['domain'],
  embedded: [],
  ui: ['domain', 'api/schemas:type', 'api/outbox:type'],
  'workflow-bundle.ts': [],
  'temporal-workers.ts': ['domain', 'runtime:type', 'activities', 'workflow-bundle.ts'],
  'worker.ts': ['runtime', 'webhooks', 'notifications', 'background', 'temporal-workers.ts'],
  'listener.ts': ['runtime', 'push', 'watching'],
  'server.ts': ['runtime', 'api'],
  'start.ts': ['runtime', 'embedded'],
  'migrate.ts': ['runtime', 'db'],
  'prepare.ts': ['runtime', 'embedded'],
  'vault-keys.ts': ['runtime', 'credentials'],
  'explain.ts': ['domain', 'providers'],
  'google-events.ts': ['providers', 'runtime'],
};

/** A folder with more flat files than this hides what it holds. */
const MOST_FILES = 22;

/** Folders that are not part of what runs. */
const OUTSIDE = new Set(['node_modules', 'dist', 'test', 'bench', 'docs', '.git', '.ci', '.mooring']);

interface Edge {
  from: string;
  to: string;
  /** The folder of the target. */
  folder: string;
  typeOnly: boolean;
  fromFile: string;
  toFile: string;
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (OUTSIDE.has(entry.name)) return [];
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return sourceFiles(path);
    return /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.config.ts') && !entry.name.endsWith('.d.ts')
      ? [path]
      : [];
  });
}

/** A folder's name; a file at the root stands for itself. */
const roomOf = (path: string) => relative(ROOT, path).split('/')[0] ?? '';

function edgesOf(path: string): Edge[] {
  const text = readFileSync(path, 'utf8');
  const imports = text.matchAll(/^(?:import|export)\s+(type\s+)?[^;'"]*?from\s+'(\.[^']+)';|import\s+'(\.[^']+)';/gm);
  return [...imports].map(([, type, from, bare]) => {
    const target = resolve(dirname(path), from ?? bare ?? '');
    return {
      from: roomOf(path),
      to: roomOf(target),
      folder: relative(ROOT, dirname(target)),
      typeOnly: type !== undefined,
      fromFile: relative(ROOT, path),
      toFile: relative(ROOT, target),
    };
  });
}

const files = sourceFiles(ROOT);
const everyEdge = files.flatMap(edgesOf);
const edges = everyEdge.filter(({ from, to }) => from !== to);

/** What is left of `arrows` once everything is taken away that leads nowhere, or that nothing leads to. */
function circlesIn(arrows: readonly { from: string; to: string }[]): string[] {
  const froms = new Set(arrows.map(({ from }) => from));
  const tos = new Set(arrows.map(({ to }) => to));
  const left = arrows.filter(({ from, to }) => froms.has(to) && tos.has(from));
  if (left.length < arrows.length) return circlesIn(left);
  return [...new Set(left.map(({ from, to }) => `${from} → ${to}`))];
}

/** A folder and the folders in it are one table of contents and its chapters: they may import each other. */
const isWithin = (folder: string, outer: string) => outer === '.' || folder === outer || folder.startsWith(`${outer}/`);

const callers = (call: RegExp) =>
  files.filter((file) => call.test(readFileSync(file, 'utf8'))).map((file) => relative(ROOT, file));

describe('architecture', () => {
  test('imports point down only', () => {
    const wrong = edges.filter(({ from, to, folder, typeOnly }) => {
      const allowed = MAY_IMPORT[from] ?? [];
      const names = typeOnly ? [to, `${to}:type`, `${folder}:type`] : [to];
      return !names.some((name) => allowed.includes(name));
    });
    expect(
      wrong.map(({ fromFile, toFile, typeOnly }) => `${fromFile} → ${toFile}${typeOnly ? ' (type)' : ''}`),
    ).toEqual([]);
  });

  test('the picture itself points down only', () => {
    const order = Object.keys(MAY_IMPORT);
    const upward = Object.entries(MAY_IMPORT).flatMap(([room, allowed]) =>
      allowed.filter((other) => order.indexOf(other.replace(':type', '')) >= order.indexOf(room)),
    );
    expect(upward).toEqual([]);
  });

  test('nothing imports itself by way of others, not even for a type', () => {
    expect(circlesIn(edges)).toEqual([]);
    expect(circlesIn(everyEdge.map(({ fromFile, toFile }) => ({ from: fromFile, to: toFile })))).toEqual([]);
    const folders = everyEdge.map(({ fromFile, toFile }) => ({ from: dirname(fromFile), to: dirname(toFile) }));
    expect(circlesIn(folders.filter(({ from, to }) => !isWithin(from, to) && !isWithin(to, from)))).toEqual([]);
  });

  test('every folder and root file is in the picture', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => !(room in MAY_IMPORT))).toEqual([]);
    expect(Object.keys(MAY_IMPORT).filter((room) => !files.some((file) => roomOf(file) === room))).toEqual([]);
  });

  test('no room is crowded', () => {
    const counts = new Map<string, number>();
    for (const file of files) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
    const crowded = [...counts].filter(([folder, count]) => count > MOST_FILES && !folder.includes('embedded'));
    expect(crowded.map(([folder, count]) => `${relative(ROOT, folder)}: ${count} files`)).toEqual([]);
  });

  test('no file is named for what it is not', () => {
    const vague = files.filter((file) => /\/(utils?|helpers?|common|types|index)\.tsx?$/.test(file));
    expect(vague.map((file) => relative(ROOT, file))).toEqual([]);
  });

  test('rule 14: only db/across-tenants looks across tenants', () => {
    const outside = callers(/\.acrossTenants\(/).filter((file) => !file.startsWith('db/across-tenants/'));
    expect(outside).toEqual([]);
  });

  test('a fact is written with its nudge, and signalled, in channels/wake.ts alone', () => {
    expect(callers(/\.lookAt\(/)).toEqual(['background/reconcile.ts', 'channels/wake.ts']);
    expect(callers(/[^.\w]nudge\(/)).toEqual(['channels/wake.ts', 'db/channels/nudges.ts']);
  });

  test('only runtime/environment.ts reads the environment', () => {
    expect(callers(/process\.env\b/)).toEqual(['runtime/environment.ts']);
  });

  test('workflow code is light: no database, no schema library, no Node module', () => {
    const heavy = files
      .filter((file) => ['workflows', 'domain'].includes(roomOf(file)))
      .filter((file) => /from '(zod|drizzle-orm|postgres|node:[^']*|jose)[^']*'/.test(readFileSync(file, 'utf8')));
    expect(heavy.map((file) => relative(ROOT, file))).toEqual([]);
  });
});
