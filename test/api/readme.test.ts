import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { readmeCode, readmeCommands } from '../support/readme.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { linksOf } from './links-of.ts';

/* The code of the README, as it stands there: its lines of curl, and its lines that make a client and use it. */

const ROOT = join(import.meta.dirname, '../..');
const STRICT = ['--strict', '--noEmit', '--module', 'nodenext', '--target', 'es2024', '--allowImportingTsExtensions'];
const run = promisify(execFile);

interface Finding {
  ruleId: string;
  message: string;
  location: { pointer?: string }[];
}

interface Linter {
  createConfig: (given: object) => Promise<object>;
  lintFromString: (given: { source: string; config: object }) => Promise<Finding[]>;
}

let stage: Stage;
let api: Api;
let folder: string;

beforeAll(async () => {
  stage = await raiseStage();
  api = await startApi(stage.context);
  folder = await mkdtemp(join(tmpdir(), 'mooring-client-'));
  await writeFile(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  await inFolder('bash', ['-ec', readmeCode('sh', 'openapi-typescript')]);
}, 300_000);
afterAll(async () => {
  await api?.close();
  await stage?.close();
  if (folder) await rm(folder, { recursive: true });
});

/** What a package of the line before needs is in npm's cache from the second run on. */
async function inFolder(program: string, args: string[]): Promise<string> {
  const env = { ...process.env, API: api.url, KEY: api.call.key, npm_config_prefer_offline: 'true' };
  const { stdout } = await run(program, args, { cwd: folder, env, timeout: 240_000 });
  return stdout;
}

const compile = () =>
  inFolder(process.execPath, [
    join(ROOT, 'node_modules/typescript/bin/tsc'),
    ...STRICT,
    '--typeRoots',
    join(ROOT, 'node_modules/@types'),
    '--types',
    'node',
    'client.ts',
  ]).catch((error: { stdout: string }) => error.stdout);

test('the README’s lines make types with which its program compiles, runs, and reads a token', async () => {
  await writeFile(join(folder, 'client.ts'), readmeCode('ts', 'createClient'));
  expect(await compile()).toBe('');
  const channel = await linksOf(stage, api).connect('ana@example.com');
  const said = (await inFolder(process.execPath, ['--disable-warning=ExperimentalWarning', 'client.ts'])).split('\n');
  expect(said[0]).toMatch(/^Connect an account at http:\/\/127\.0\.0\.1:\d+\/connect\/[\w-]+$/);
  expect(said[1]).toBe(`${channel} ana@example.com connected`);
  expect(said[2]).toMatch(/^The token is good until \d{4}-/);
});

/** Every line of curl in turn, for a channel that is there, with its status. */
test('the README’s lines of curl are answered as it says', async () => {
  const channel = await linksOf(stage, api).connect('curl@example.com');
  await mkdir(join(folder, '.mooring'));
  await writeFile(join(folder, '.mooring/run.json'), JSON.stringify({ api: api.url, api_key: api.call.key }));
  await writeFile(join(folder, 'message.eml'), 'Subject: Hello\r\n\r\nHello\r\n');
  const commands = readmeCommands('curl ').map((command) =>
    command.replace('curl -s', "curl -s -o /dev/null -w '%{http_code} %{url}\\n'"),
  );
  const [variables = '', ...calls] = [readmeCode('sh', 'run.json').split('# 1.')[0], ...commands];
  const script = [variables, ...calls].join('\n').replaceAll('chn_…', channel).replace('&after=…', '');
  const answers = (await inFolder('bash', ['-ec', script])).trim().split('\n');
  expect(answers.map((line) => line.replace(api.url, '').replace(channel, ':id'))).toEqual([
    '201 /v1/links',
    '200 /v1/channels/:id/access-token',
    '200 /v1/messages?tenant=acme',
    '409 /v1/channels/:id/send', // the channel reads only
    '200 /v1/branding',
    '200 /v1/notices?tenant=acme',
    '201 /v1/channels/:id/reauthorize-links',
    '201 /v1/banner-tokens',
  ]);
});

test('the types refuse what the API refuses', async () => {
  const program = readmeCode('ts', 'createClient');
  await writeFile(join(folder, 'client.ts'), program.replace("{ tenant: 'acme', access", '{ tenant: 4711, access'));
  expect(await compile()).toContain("Type 'number' is not assignable to type 'string'");
});

test('a linter of OpenAPI finds nothing in the document', async () => {
  await inFolder('npm', ['install', '--no-save', '--no-audit', '--no-fund', '@redocly/openapi-core@1.34.24']);
  const module = pathToFileURL(join(folder, 'node_modules/@redocly/openapi-core/lib/index.js')).href;
  const { createConfig, lintFromString } = ((await import(module)) as { default: Linter }).default;
  const rules = {
    'no-invalid-schema-examples': 'error',
    'no-invalid-media-type-examples': 'error',
    'no-invalid-parameter-examples': 'error',
    // A browser that comes from a provider or from a terminal's link is sent on, always.
    'operation-2xx-response': 'off',
  };
  const config = await createConfig({ extends: ['recommended-strict'], rules });
  const found = await lintFromString({ source: (await api.request('GET', '/openapi.json')).text, config });
  expect(found.map(({ ruleId, message, location }) => `${ruleId} ${location[0]?.pointer}: ${message}`)).toEqual([]);
});
