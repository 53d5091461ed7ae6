import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CALLS } from '../../api/calls.ts';
import type { Call } from '../../api/http/call.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { raiseApi } from './raise-api.ts';
import type { RaisedApi } from './raise-api.ts';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 25);
const SEED = process.env['FUZZ_SEED'] === undefined ? {} : { seed: Number(process.env['FUZZ_SEED']) };

let raised: RaisedApi;
let api: Api;
let epoch = '';
/** Of things that exist. */
const ids: Record<string, string> = {};

beforeAll(async () => {
  raised = await raiseApi();
  api = await startApi(raised.stage.context, { trustedProxies: ['127.0.0.1'] });
  await raised.stage.sandbox.account('google', 'ana@example.com', { password: secret('password') });
  ids['channels'] = channelOf(await connectGmail(raised.stage, 'ana@example.com'));
  ids['links'] = (await api.call('POST', '/v1/links', { tenant: 'acme' })).json.id;
  ids['imports'] = (await raised.sql`select id from imports`)[0]?.['id'];
  ids['webhook-endpoints'] = (await api.call('POST', '/v1/webhook-endpoints', { url: 'http://127.0.0.1:1/' })).json.id;
  ids['api-keys'] = (await api.call('POST', '/v1/api-keys', { name: 'x', scopes: ['admin'] })).json.id;
  ids['tenants'] = 'acme';
  ids['connect'] = (await raised.links.makeLink({ tenant: 'acme' })).path.split('/').at(-1) ?? '';
  epoch = (await raised.sql`select epoch from feed_state where name = 'outbox'`)[0]?.['epoch'];
}, 60_000);
afterAll(async () => {
  await api?.close();
  await raised?.close();
});

const base64 = (text: string) => Buffer.from(text).toString('base64url');
const NUMBERS = [
  '0',
  '-1',
  '1.5',
  '1e400',
  '9007199254740993',
  '9223372036854775808',
  '18446744073709551616',
  'NaN',
  '٣',
];
const TIMES = [
  '0000-01-01T00:00:00Z',
  '0001-01-01T00:00:00Z',
  '1900-01-01T00:00:00+14:00',
  '9999-12-31T23:59:59.999Z',
].concat(['+300000-01-01T00:00:00Z', '9999-12-31T23:59:59-12:00', '2026-02-30T00:00:00Z', '2026-01-01', '1e9']);
const CURSORS = [
  'id:',
  'id:\u{1F980}',
  'id:x\0y',
  `id:${'z'.repeat(400)}`,
  '["a","b","c","\\ud800"]',
  '[1,2]',
  '{}',
].map(base64);
const TEXTS = [
  '',
  ' ',
  '\0',
  '\ud800',
  '\udfff x',
  'x'.repeat(5_000),
  '__proto__',
  'constructor',
  '%',
  '%00',
  '../..',
  '"',
  "';--",
];

const word = fc.oneof(
  fc.constantFrom(...NUMBERS, ...TIMES, ...CURSORS, ...TEXTS),
  fc
    .tuple(fc.constantFrom('m', 'e', 't', 'x'), fc.constantFrom(...NUMBERS))
    .map(([kind, number]) => base64(`${kind}.${number}.${epoch}`)),
  fc.string({ unit: 'binary', maxLength: 20 }),
);
const value: fc.Arbitrary<unknown> = fc.oneof(
  word,
  fc.constantFrom(null, true, 0, -1, 1.5, 2 ** 53, 1e308, -(2 ** 63), [], {}, [null], { ['__proto__']: 1 }),
  fc.jsonValue({ maxDepth: 3 }),
  fc.dictionary(word, word, { maxKeys: 3 }),
);

/** Lone surrogates become what a URL can carry. */
const encoded = (text: string) => encodeURIComponent(text.toWellFormed());

/** An example with some of its fields, at any depth, replaced. */
function mutated(example: unknown): fc.Arbitrary<unknown> {
  if (typeof example !== 'object' || example === null)
    return fc.oneof({ weight: 3, arbitrary: fc.constant(example) }, value);
  if (Array.isArray(example)) return fc.oneof(fc.tuple(...example.map(mutated)), value);
  const fields = Object.entries(example).map(([name, field]) => [name, mutated(field)] as const);
  return fc.oneof(
    { weight: 4, arbitrary: fc.record(Object.fromEntries(fields), { requiredKeys: [] }) },
    { weight: 2, arbitrary: fc.record(Object.fromEntries(fields)) },
    value,
  );
}

/** What would take the fuzzed things away, or wait for a worker or a provider, meets ids of things that are not there. */
const WAITS = /\/(refresh|verify|pause|resume|password)$/;
const isHarmless = ({ method, path }: Call) => method !== 'delete' && !WAITS.test(path);

function pathOf(call: Call): fc.Arbitrary<string> {
  const noun = call.path.split('/').find((part) => part in ids) ?? '';
  const real = fc.constant(isHarmless(call) ? (ids[noun] ?? '') : `chn_${'0'.repeat(26)}`);
  const provider = fc.oneof(fc.constant('google'), word);
  const id = fc.oneof({ weight: 3, arbitrary: real }, word);
  return fc
    .tuple(id, provider)
    .map(([id, provider]) =>
      call.path.replace(/:(id|link)/, () => encoded(id) || 'x').replace(':provider', () => encoded(provider) || 'x'),
    );
}

function queryOf(call: Call): fc.Arbitrary<string> {
  const names = [...Object.keys(call.query?.shape ?? {}), 'unknown', 'after', 'state', 'code', 'token'];
  return fc
    .array(fc.tuple(fc.constantFrom(...names), word), { maxLength: 3 })
    .map((pairs) => pairs.map(([name, text]) => `${name}=${encoded(text)}`).join('&'));
}

/** Bytes that a header may have. */
const headerText = word.map((text) =>
  Buffer.from(text)
    .toString('latin1')
    .replaceAll(/[^\t\x20-\x7e\x80-\xff]/g, ''),
);
const headers = fc.record(
  { 'idempotency-key': headerText, 'last-event-id': headerText, cookie: headerText, origin: headerText },
  { requiredKeys: [] },
);

const BODIES: Partial<Record<string, unknown>> = {
  createApiKey: {
    name: 'x',
    scopes: ['admin'],
    tenant: 'acme',
    cidrs: ['10.0.0.0/8'],
    expires_at: TIMES[3],
    limits: {},
  },
  updateApiKey: {
    name: 'x',
    tenant: 'acme',
    cidrs: ['10.0.0.0/8'],
    expires_at: TIMES[3],
    limits: { reads_per_minute: 9 },
  },
  updateChannel: { metadata: { a: { b: 'c' } }, owner: { email: 'a@b.example', name: 'a' } },
  requestImport: { from: TIMES[2], to: TIMES[3] },
  createLink: {
    tenant: 'acme',
    import_from: TIMES[2],
    mailbox: 'a@b.example',
    owner: { email: 'a@b.example', name: 'a' },
  },
};

/**
 * What our code holds as a secret, the suite looks for everywhere afterwards: a fuzzed credential has to be one that a
 * search can find.
 */
const CREDENTIALS = new Set(['refresh_token', 'password', 'client_secret']);
const MINTED = secret('fuzzed');
const bodyText = (body: unknown) =>
  JSON.stringify(body, (name, field) =>
    CREDENTIALS.has(name) && typeof field === 'string' && field !== '' ? `${field}${MINTED}` : field,
  );

const everyCall = [...CALLS.push, ...CALLS.mail, ...CALLS.all];
const address = fc.ipV4();

describe('no call answers 500', () => {
  test.each(everyCall.map((call) => [call.operationId, call] as const))(
    '%s',
    async (_, call) => {
      const body = call.body ? mutated(BODIES[call.operationId] ?? call.example ?? {}) : fc.constant(undefined);
      await fc.assert(
        fc.asyncProperty(
          pathOf(call),
          queryOf(call),
          headers,
          body,
          address,
          async (path, query, headers, body, from) => {
            const hangUp = new AbortController();
            const response = await fetch(new URL(`${path}${query ? `?${query}` : ''}`, api.url), {
              method: call.method.toUpperCase(),
              redirect: 'manual',
              signal: hangUp.signal,
              headers: {
                ...headers,
                authorization: `Bearer ${api.call.key}`,
                'x-forwarded-for': from,
                ...(body === undefined ? {} : { 'content-type': 'application/json' }),
              },
              ...(body === undefined ? {} : { body: bodyText(body) }),
            });
            const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
            const text = isStream ? '' : await response.text();
            hangUp.abort();
            expect(response.status, `${call.method} ${path}?${query} ${JSON.stringify(body)}: ${text}`).toBeLessThan(
              500,
            );
            if (response.status === 400) {
              const { detail, description = detail } = JSON.parse(text) as { detail?: string; description?: string };
              expect(description).toMatch(/./);
            }
          },
        ),
        { numRuns: RUNS, ...SEED },
      );
    },
    120_000,
  );
});

const cursor = (kind: 'm' | 't', number: string) => encoded(base64(`${kind}.${number}.${epoch}`));
const send = (path: string, body?: unknown) => api.call(body === undefined ? 'GET' : 'POST', path, body);
const nested = (levels: number) => `{"tenant":${'['.repeat(levels)}${']'.repeat(levels)}}`;
const keyUntil = (expires_at: string) => send('/v1/api-keys', { name: 'x', scopes: ['admin'], expires_at });

async function refused(path: string, body: object): Promise<string[]> {
  const { json } = await api.call('POST', path, body);
  return (json.errors as { path: string; message: string }[]).map(({ path: field, message }) => `${field} ${message}`);
}

describe('what is refused says what was expected', () => {
  test('cursors beyond what the database counts', async () => {
    for (const number of ['9223372036854775808', '99999999999999999999']) {
      for (const [path, kind] of [
        ['/v1/messages', 'm'],
        [`/v1/channels/${ids['channels']}/timeline`, 't'],
      ] as const) {
        const answer = await send(`${path}?after=${cursor(kind, number)}`);
        expect(answer, answer.text).toMatchObject({ status: 400, json: { code: 'invalid_cursor' } });
      }
    }
    const beyond = await send(`/v1/messages?after=${cursor('m', '9223372036854775807')}`);
    expect(beyond, beyond.text).toMatchObject({ status: 410, json: { code: 'feed_reset' } });
  });

  test('times that are none', async () => {
    for (const wrong of [
      '0000-01-01T00:00:00Z',
      '+300000-01-01T00:00:00Z',
      '300000-01-01T00:00:00Z',
      '0044-03-15T12:00:00Z',
    ]) {
      const answer = await keyUntil(wrong);
      expect(answer, wrong).toMatchObject({ status: 400, json: { code: 'validation_failed' } });
    }
    expect((await keyUntil('9999-12-31T23:59:59.999Z')).status).toBe(201);
    expect((await keyUntil('9999-12-31T23:59:59.999-01:00')).status).toBe(400);
  });

  test('JSON that is too deep, and names that cannot be stored', async () => {
    for (const levels of [64, 2_000, 49_000]) {
      const answer = await send('/v1/links', nested(levels));
      expect(answer).toMatchObject({ status: 400, json: { code: 'malformed_json' } });
      expect(answer.json.detail).toContain('64 levels');
    }
    expect((await send('/v1/links', nested(63))).json.code).toBe('validation_failed');
    const brackets = { tenant: `"[{${'['.repeat(500)}\\"` };
    expect((await send('/v1/links', brackets)).json.code).not.toBe('malformed_json');
    for (const name of ['\\u0000', '\\ud800']) {
      const answer = await api.call('PATCH', `/v1/channels/${ids['channels']}`, `{"metadata":{"${name}":1}}`);
      expect(answer).toMatchObject({ status: 400, json: { code: 'malformed_json' } });
    }
  });

  test('in words that a form can show as they are, once for each field', async () => {
    expect(await refused('/v1/links', {})).toEqual(['tenant must be given']);
    expect(await refused('/v1/links', { tenant: '', owner: 'ana', kind: 'own' })).toEqual([
      'tenant must not be empty',
      'kind must be "individual" or "shared"',
      'owner must be an object',
    ]);
    const password = { username: 'ana', password: '', host: 'imap.example.com', port: 99_999, security: 'tls' };
    const adopted = { tenant: 'acme', access_type: 'imap', account: { email: 'ana@example.com' } };
    expect(await refused('/v1/channels', { ...adopted, credential: password })).toEqual([
      'credential.password must not be empty',
      'credential.port must be at most 65535',
    ]);
    expect(await refused('/v1/messages/ack', { ids: 'msg' })).toEqual(['ids must be a list']);
  });

  test('repeated parameters', async () => {
    for (const query of ['limit=1&limit=2', 'after=a&after=b', 'tenant=acme&tenant=globex']) {
      expect(await send(`/v1/channels?${query}`)).toMatchObject({ status: 400, json: { code: 'validation_failed' } });
    }
  });

  test('an address that cannot be decoded', async () => {
    expect((await send('/v1/channels/%E0%A4%A')).status).toBe(400);
    expect((await send('/v1/channels/%00')).status).toBe(400);
  });
});

test('a wrong method on a known path is 405 and names the right ones', async () => {
  for (const [method, path, allow] of [
    ['PUT', '/v1/channels', 'GET, HEAD, POST'],
    ['POST', `/v1/channels/${ids['channels']}/access-token`, 'GET, HEAD'],
    ['GET', '/v1/messages/ack', 'POST'],
    ['DELETE', '/v1/stream', 'GET, HEAD'],
    ['GET', '/push/google', 'POST'],
    ['POST', '/healthz', 'GET, HEAD'],
    ['POST', '/openapi.json', 'GET, HEAD'],
    ['GET', '/connect/x/password', 'POST'],
  ] as const) {
    const answer = await api.call(method, path);
    expect(answer, `${method} ${path}`).toMatchObject({ status: 405, json: { code: 'method_not_allowed' } });
    expect(answer.headers.get('allow')).toBe(allow);
  }
  expect((await api.call('POST', '/v1/nothing')).status).toBe(404);
  const options = await api.call('OPTIONS', '/push/google');
  expect([options.status, options.headers.get('allow')]).toEqual([204, 'POST']);
});
