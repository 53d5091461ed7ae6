import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(import.meta.dirname, '..');

/**
 * Who may import whom, by folder (design.md section 13). A name ending in `:type` allows `import type` alone. Files at
 * the root stand under their own name.
 */
const MAY_IMPORT: Record<string, string[]> = {
  domain: [],
  crypto: ['domain'],
  db: ['domain'],
  providers: ['domain'],
  workflows: ['domain', 'activities:type'],
  activities: ['domain', 'db', 'crypto', 'providers', 'context.ts:type', 'temporal.ts:type'],
  'sign-in': ['domain', 'db', 'crypto', 'providers', 'context.ts:type'],
  api: ['sign-in', 'domain', 'db', 'crypto', 'providers', 'context.ts:type', 'temporal.ts:type', 'workflows:type'],
  listening: ['activities', 'domain', 'db', 'context.ts:type'],
  background: ['sign-in', 'domain', 'db', 'temporal.ts', 'providers:type', 'context.ts:type'],
  sandbox: ['domain'],
  embedded: [],
  ui: ['domain'],
  'logger.ts': [],
  'config.ts': ['domain', 'providers'],
  'temporal.ts': ['domain', 'config.ts:type', 'workflows:type'],
  'context.ts': ['crypto', 'db', 'domain', 'providers', 'config.ts:type', 'logger.ts', 'temporal.ts'],
  'temporal-workers.ts': ['activities', 'domain', 'context.ts:type', 'workflow-bundle.ts'],
  'workflow-bundle.ts': [],
  'worker.ts': ['background', 'config.ts', 'context.ts', 'temporal-workers.ts', 'temporal.ts', 'start-checks.ts'],
  'listener.ts': ['config.ts', 'context.ts', 'listening', 'start-checks.ts'],
  'server.ts': ['api', 'config.ts', 'context.ts', 'db', 'domain', 'start-checks.ts'],
  'start.ts': ['embedded', 'config.ts', 'crypto', 'db'],
  'migrate.ts': ['config.ts', 'db'],
  'prepare.ts': ['config.ts', 'embedded'],
  'start-checks.ts': ['context.ts:type', 'db'],
  'vault-keys.ts': ['activities', 'config.ts', 'context.ts'],
  'explain.ts': ['domain', 'providers'],
};

/** Folders that are not part of what runs. */
const OUTSIDE = new Set(['node_modules', 'dist', 'test', 'bench', 'docs', '.git', '.ci', '.mooring']);

interface Edge {
  from: string;
  to: string;
  typeOnly: boolean;
  /** `file → file`, for the message. */
  where: string;
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
      typeOnly: type !== undefined,
      where: `${relative(ROOT, path)} → ${relative(ROOT, target)}`,
    };
  });
}

const files = sourceFiles(ROOT);
const edges = files.flatMap(edgesOf).filter(({ from, to }) => from !== to);

describe('architecture', () => {
  test('imports point down only', () => {
    const wrong = edges.filter(({ from, to, typeOnly }) => {
      const allowed = MAY_IMPORT[from] ?? [];
      return !allowed.includes(to) && !(typeOnly && allowed.includes(`${to}:type`));
    });
    expect(wrong.map(({ where, typeOnly }) => where + (typeOnly ? ' (type)' : ''))).toEqual([]);
  });

  test('every folder and root file is in the picture', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => !(room in MAY_IMPORT))).toEqual([]);
    expect(Object.keys(MAY_IMPORT).filter((room) => !files.some((file) => roomOf(file) === room))).toEqual([]);
  });

  test('no file is named for what it is not', () => {
    const vague = files.filter((file) => /\/(utils?|helpers?|common|types|index)\.tsx?$/.test(file));
    expect(vague.map((file) => relative(ROOT, file))).toEqual([]);
  });

  test('rule 14: only db/across-tenants.ts looks across tenants', () => {
    const callers = files.filter((file) => /\.acrossTenants\(/.test(readFileSync(file, 'utf8')));
    expect(callers.map((file) => relative(ROOT, file))).toEqual(['db/across-tenants.ts']);
  });

  test('only config.ts reads the environment', () => {
    const readers = files.filter((file) => /process\.env\b/.test(readFileSync(file, 'utf8')));
    expect(readers.map((file) => relative(ROOT, file))).toEqual(['config.ts']);
  });

  test('workflow code is light: no database, no schema library, no Node module', () => {
    const heavy = files
      .filter((file) => ['workflows', 'domain'].includes(roomOf(file)))
      .filter((file) => /from '(zod|drizzle-orm|postgres|node:[^']*|jose)[^']*'/.test(readFileSync(file, 'utf8')));
    expect(heavy.map((file) => relative(ROOT, file))).toEqual([]);
  });
});
