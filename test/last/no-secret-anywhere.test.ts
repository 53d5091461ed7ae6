import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import connect from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { ProviderError } from '../../domain/verdict.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { chromiumInstalled, launchBrowser, openPage } from '../e2e/browser.ts';
import { evidenceOf } from '../support/evidence.ts';
import type { EvidenceKind } from '../support/evidence.ts';
import { until } from '../support/engine.ts';
import { keepAnswersOf } from '../support/kept-answers.ts';
import { knownPersonal, knownSecrets, MINT_MARK, personal, secret } from '../support/minting.ts';
import type { KnownSecret } from '../support/minting.ts';
import { SecretSearch, spellingsOf } from '../support/secret-search.ts';
import { raiseStage } from '../support/stage.ts';
import { startTemporalServer } from '../support/temporal-server.ts';
import { listenForWebhooks } from '../webhooks/stage.ts';

/*
 * Rule 1, for the whole suite: every secret that any test file used, or that was minted for it, is looked for in
 * all that the suite stored, sent, answered, logged and threw. Vitest runs this when all other files are done; run
 * alone it has only its own plants. What is left out, because a secret belongs there: `kept-answers.ts` names the
 * fields of answers; the sandbox's folder and log, and its control API, are the provider's side.
 *
 * The same for the subjects and addresses that `personal()` marked, in logs and histories (S-61).
 */

const KINDS: EvidenceKind[] = ['database', 'history', 'temporal', 'log', 'webhook', 'answer', 'page', 'error'];

/** Where nothing of a message and no address belongs. */
const READ_BY_OPERATORS: EvidenceKind[] = ['history', 'temporal', 'log'];

/** What is hidden here to be found, by where it must show. A suite in which this is not found proves nothing. */
const plants = {
  row: secret('planted-row'),
  bytes: secret('planted-bytes'),
  deleted: secret('planted-and-deleted'),
  argument: secret('planted-argument'),
  skipped: secret('planted-argument-in-skipped-time'),
  log: secret('planted-log'),
  header: secret('planted-header'),
  webhook: secret('planted-webhook'),
  answer: secret('planted-answer'),
  page: secret('planted-page'),
  error: secret('planted-error'),
  subject: personal('planted-subject'),
  account: personal('planted-account'),
};

/** Of the sandbox, of `npm start`, of our own server, of the certified server: random, so unique. */
const MINTED_BY_MACHINES =
  /^(ya29\.a0|1\/\/0|4\/0A|GOCSPX-|mk_|whsec_|mbt_)[\w/+=-]{28,}$|^[\w-]{32,43}$|^(1\.A|M\.C5|EwB)[\w-]{28,}$|^[\w-]{4}8Q~[\w.~-]{32}$|^[\w-]{342}$|^5Aep861[\w.]{40,}$|^00D\w{9,15}![\w.]{60,}$|^[0-9A-F]{64}$/;

/** Tests in which no secret meets anything of ours that could give it away. */
const WITHOUT_OUR_CODE = [
  ['sandbox/', 'the simulated provider, alone'],
  ['ui/', 'words for a person'],
  ['start/compose.test.ts', 'placeholders in a file that is only read'],
] as const;

interface Finding {
  kind: EvidenceKind;
  /** Which test file left it. */
  file: string;
  secret: string;
  around: string;
}

let secrets: KnownSecret[];
/** Secrets that a search cannot find: short ones, or ones that occur elsewhere too. */
let strangers: KnownSecret[];
let isPersonal: Set<string>;
const findings: Finding[] = [];

beforeAll(async () => {
  await plantInDatabase();
  await plantInTemporal();
  await plantOnTheWire();
  const thrown = new ProviderError(`No answer to ${plants.error}`, {} as Verdict);
  await expect(Promise.reject(thrown)).rejects.toBe(thrown);
  secrets = knownSecrets();
  strangers = secrets.filter(({ value }) => !value.includes(MINT_MARK) && !MINTED_BY_MACHINES.test(value));
  isPersonal = new Set(knownPersonal().map(({ value }) => value));
  lookEverywhere();
}, 240_000);

async function plantInDatabase(): Promise<void> {
  const stage = await raiseStage();
  const sql = connect(stage.databaseUrl, { max: 1, onnotice: () => {} });
  await sql`create table planted (text text, bytes bytea)`;
  await sql`insert into planted values (${plants.row}, ${Buffer.from(plants.bytes)}), (${plants.deleted}, null)`;
  await sql`delete from planted where text = ${plants.deleted}`;
  await sql.end();
  stage.context.logger.debug({ msg: 'asked', with: plants.log });
  stage.context.logger.debug({ msg: 'read', subject: plants.subject });
  stage.context.logger.debug({ authorization: `Basic ${Buffer.from(`mooring:${plants.header}`).toString('base64')}` });
  await stage.close();
}

async function plantInTemporal(): Promise<void> {
  for (const [timeSkipping, planted] of [[true, plants.skipped] as const, [false, plants.argument] as const]) {
    const server = await startTemporalServer({ timeSkipping });
    await server.client.workflow.start('unserved', {
      workflowId: 'planted',
      taskQueue: 'unserved',
      args: [planted, plants.account],
    });
    const listed = async () => !(await server.client.workflow.list()[Symbol.asyncIterator]().next()).done;
    if (!timeSkipping) await until('the planted workflow', listed);
    await server.teardown();
  }
}

async function plantOnTheWire(): Promise<void> {
  const hook = await listenForWebhooks();
  await fetch(hook.url, { method: 'POST', body: JSON.stringify({ data: plants.webhook }) });
  await hook.close();
  const server = createServer((request, response) => {
    response.setHeader('x-request-id', 'as all of ours have one');
    response.end(`<a href="/?next=${request.url === '/page' ? plants.page : plants.answer}">`);
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  if (chromiumInstalled) await plantInPage(`${url}/page`);
  keepAnswersOf(server);
  await (await fetch(url)).text();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

async function plantInPage(url: string): Promise<void> {
  const browser = await launchBrowser();
  const { page } = await openPage(browser);
  await page.goto(url);
  await until('the page', () => [...evidenceOf('page')].some(({ bytes }) => bytes.includes(plants.page)));
  await browser.close();
}

function lookEverywhere(): void {
  const wanted = secrets.filter((one) => !strangers.includes(one)).map(({ value }) => value);
  const search = new SecretSearch([...wanted, ...isPersonal]);
  for (const kind of KINDS) {
    for (const { file, bytes } of evidenceOf(kind)) {
      for (const [secret, at] of search.find(bytes)) {
        if (isPersonal.has(secret) && !READ_BY_OPERATORS.includes(kind)) continue;
        findings.push({ kind, file, secret, around: bytes.toString('latin1', Math.max(0, at - 80), at + 20) });
      }
    }
  }
}

const whereFound = (planted: string) => [
  ...new Set(findings.filter(({ secret }) => secret === planted).map(({ kind }) => kind)),
];

const planted = new Set(Object.values(plants));

test('rule 1: no secret of the whole suite is anywhere it does not belong', () => {
  expect(findings.filter(({ secret }) => !planted.has(secret) && !isPersonal.has(secret))).toEqual([]);
});

test('S-61: no marked subject or address of the whole suite is in a log or a history', () => {
  expect(findings.filter(({ secret }) => !planted.has(secret) && isPersonal.has(secret))).toEqual([]);
});

test('what is planted is found, wherever it is', () => {
  expect(Object.fromEntries(Object.entries(plants).map(([name, value]) => [name, whereFound(value)]))).toEqual({
    row: ['database'],
    bytes: ['database'],
    deleted: ['database'],
    argument: ['history', 'temporal'],
    skipped: ['history'],
    log: ['log'],
    header: ['log'],
    webhook: ['webhook'],
    answer: ['answer'],
    page: chromiumInstalled ? ['page'] : [],
    error: ['error'],
    subject: ['log'],
    account: ['history', 'temporal'],
  });
});

describe('the search', () => {
  const odd = `4/0A "grün" \\ a=b&c+d?${'x'.repeat(30)}`;
  const spelt: [string, string][] = [
    ['as it is', odd],
    ['cut off', odd.slice(0, 24)],
    ['in JSON', JSON.stringify({ odd })],
    ['in JSON within JSON', JSON.stringify({ text: JSON.stringify({ odd }) })],
    ['in an address', `https://example.com/?code=${encodeURIComponent(odd)}`],
    ['in a form', `a=b&${new URLSearchParams({ odd }).toString()}`],
    ['in an address within an address', encodeURIComponent(`https://example.com/?code=${encodeURIComponent(odd)}`)],
    ['in hexadecimal', Buffer.from(`..${odd}`).toString('hex')],
    ...['', 'a', 'ab', 'abc'].flatMap((before): [string, string][] => [
      [`in Base64 after ${before.length} bytes`, Buffer.from(`${before}${odd} and more`).toString('base64')],
      [`in Base64 of addresses after ${before.length} bytes`, Buffer.from(`${before}${odd}.`).toString('base64url')],
    ]),
  ];

  test.each(spelt)('finds a secret %s', (_, text) => {
    const search = new SecretSearch([odd, `other-${'y'.repeat(40)}`]);
    for (const before of ['', '.', '..', '...', '.'.repeat(1_000)]) {
      expect([...search.find(Buffer.from(`${before}${text}`)).keys()]).toEqual([odd]);
    }
  });

  test('finds nothing where there is nothing', () => {
    const search = new SecretSearch([odd, plants.page]);
    expect(search.find(Buffer.from(`${odd.slice(0, 23)}${plants.page.slice(1)}`)).size).toBe(0);
    const cutOff = encodeURIComponent(odd).slice(0, 25);
    expect(search.find(Buffer.from(cutOff)).size).toBe(0);
  });
});

describe('the secrets', () => {
  test('are all minted: a new one is taken from `secret()` of test/support/minting.ts', () => {
    expect(strangers).toEqual([]);
  });

  test('are never literals of a test', () => {
    const literal =
      /\w*(?:password|client_?secret|refresh_?token|access_?token|api_?key)['"]?\s*[:=]\s*(['"`])[^'"`$]{3,}\1/i;
    const wrapped = /new Secret\(['"`]/;
    const sources = readdirSync('test', { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
    const written = sources
      .filter((path) => !WITHOUT_OUR_CODE.some(([room]) => path.startsWith(room)))
      .flatMap((path) =>
        readFileSync(`test/${path}`, 'utf8')
          .split('\n')
          .map((line) => `${path}: ${line.trim()}`),
      )
      .filter((line) => literal.test(line) || wrapped.test(line));
    expect(written).toEqual([]);
  });

  test('are each told from all others by their beginning', () => {
    const owners = new Map<string, Set<string>>();
    for (const { value } of secrets.filter((one) => !strangers.includes(one))) {
      for (const spelling of spellingsOf(value)) owners.set(spelling, (owners.get(spelling) ?? new Set()).add(value));
    }
    expect([...owners.values()].filter((values) => values.size > 1)).toEqual([]);
  });
});
