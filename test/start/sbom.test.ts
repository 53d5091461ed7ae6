import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';
import { documentedCode } from '../support/readme.ts';

const ROOT = join(import.meta.dirname, '../..');
const dir = mkdtempSync(join(tmpdir(), 'mooring-sbom-'));
afterAll(() => rmSync(dir, { recursive: true }));

const dependencies = z.record(z.string(), z.string());
const manifest = z
  .object({ dependencies, devDependencies: dependencies })
  .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));
const component = z.object({
  name: z.string(),
  version: z.string(),
  properties: z.array(z.object({ name: z.string() })),
  hashes: z.array(z.object({ alg: z.string(), content: z.string() })),
});
const bill = z.object({ bomFormat: z.literal('CycloneDX'), components: z.array(component) });

test('S-60: the command of docs/security.md lists every dependency, and marks those of the tests', () => {
  for (const name of ['package.json', 'package-lock.json']) copyFileSync(join(ROOT, name), join(dir, name));
  execFileSync('bash', ['-ec', documentedCode('docs/security.md', 'sh', 'npm sbom')], { cwd: dir });
  const { components } = bill.parse(JSON.parse(readFileSync(join(dir, 'sbom.json'), 'utf8')));
  const listed = (name: string, version: string) =>
    components.find((one) => one.name === name && one.version === version);
  for (const [name, version] of Object.entries(manifest.dependencies)) {
    expect(listed(name, version), name).toMatchObject({ properties: [], hashes: [{ alg: 'SHA-512' }] });
  }
  const development = { properties: [{ name: 'cdx:npm:package:development' }] };
  for (const name of ['vitest', 'playwright-core', 'axe-core']) {
    expect(listed(name, manifest.devDependencies[name] ?? ''), name).toMatchObject(development);
  }
});

/** Every file of TypeScript in a folder, as one text. */
const sourceOf = (folder: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(ROOT, folder, name), 'utf8'))
    .join('\n');

test('every setting that docs/security.md names is one that is read', () => {
  const text = readFileSync(join(ROOT, 'docs/security.md'), 'utf8');
  const named = new Set(text.match(/\b[A-Z]+(_[A-Z]+)+\b/g));
  const read = ['runtime', 'providers', 'embedded'].map(sourceOf).join('\n');
  // Node's own, and a placeholder.
  const known = new Set(['NODE_EXTRA_CA_CERTS', 'KEY_ID']);
  expect([...named].filter((name) => !known.has(name) && !new RegExp(`\\b${name}\\b`).test(read))).toEqual([]);
  expect(named.size).toBeGreaterThan(15);
});
