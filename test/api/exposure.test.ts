import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CALLS } from '../../api/calls.ts';
import { browse, startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { linksOf } from './links-of.ts';

let stage: Stage;
let api: Api;
let channel: string;
beforeAll(async () => {
  stage = await raiseStage();
  api = await startApi(stage.context);
  channel = await linksOf(stage, api).connect('exposed@example.com');
}, 60_000);
afterAll(async () => {
  await api?.close();
  await stage?.close();
});

test('S-34: no answer of any call may be kept by a cache, be it given or refused', async () => {
  for (const { method, path } of [...CALLS.health, ...CALLS.all]) {
    // One never ends, one needs Temporal, and one is the same script for every page.
    if (['/v1/stream', '/readyz', '/mooring.js'].includes(path)) continue;
    const address = path.replace(':id', channel).replace(':link', 'x').replace(':provider', 'google');
    const call = method.toUpperCase();
    const body = method === 'get' || method === 'delete' ? undefined : {};
    for (const answer of [
      await api.request(call, address, { body }),
      method === 'get' ? await api.call(call, address) : null,
    ]) {
      expect(answer?.headers.get('cache-control') ?? 'no-store', `${call} ${address}`).toContain('no-store');
    }
  }
});

test('S-34: nor may the stream', async () => {
  const ending = new AbortController();
  const headers = { authorization: `Bearer ${api.call.key}` };
  const response = await fetch(`${api.url}/v1/stream`, { headers, signal: ending.signal });
  expect(response.headers.get('cache-control')).toContain('no-store');
  ending.abort();
});

/** Properties that a text may stand in. A form has a `password` part that describes it, and holds none. */
const textsAmong = (properties: Record<string, unknown>) =>
  Object.keys(properties).filter((name) => /"type":("string"|\[[^\]]*"string")|"\$ref"/.test(topOf(properties[name])));

/** A schema without what lies within its own properties. */
const topOf = (schema: unknown): string =>
  JSON.stringify(schema, (key, value: unknown) => (key === 'properties' ? undefined : value));

test('S-33: no answer has a place for a refresh token or a password', async () => {
  const { json: document } = await api.call('GET', '/openapi.json');
  const names: string[] = [];
  const collect = (node: unknown, seen: string[] = []): void => {
    if (Array.isArray(node)) return node.forEach((one) => collect(one, seen));
    if (typeof node !== 'object' || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === '$ref' && typeof value === 'string' && !seen.includes(value)) {
        const target = value
          .replace('#/', '')
          .split('/')
          .reduce((at, part) => at?.[part], document);
        collect(target, [...seen, value]);
      }
      if (key === 'properties') names.push(...textsAmong(value as Record<string, unknown>));
      collect(value, seen);
    }
  };
  for (const methods of Object.values<Record<string, { responses?: unknown }>>(document.paths)) {
    for (const { responses } of Object.values(methods)) collect(responses);
  }
  expect(names).toContain('access_token');
  for (const secret of ['refresh_token', 'password', 'sealed_secret', 'client_secret'])
    expect(names).not.toContain(secret);
});

test('S-32: an address in a header does not make a caller come from there', async () => {
  const elsewhere = await api.caller({ cidrs: ['192.0.2.0/24'] });
  for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'client-ip', 'cf-connecting-ip', 'true-client-ip']) {
    const value = name === 'forwarded' ? 'for=192.0.2.7' : '192.0.2.7';
    const answer = await elsewhere('GET', '/v1/channels', undefined, { [name]: value });
    expect(answer, name).toMatchObject({ status: 403, json: { code: 'address_not_allowed' } });
  }
});

test('S-38: ten megabytes are refused by their announcement, before they are sent', async () => {
  const { hostname, port } = new URL(api.url);
  const headers = {
    authorization: `Bearer ${api.call.key}`,
    'content-type': 'application/json',
    'content-length': 10 * 1024 * 1024,
  };
  const status = await new Promise((resolve, reject) => {
    const request = httpRequest({ hostname, port, path: '/v1/links', method: 'POST', headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
      request.destroy();
    }).setTimeout(10_000, () => reject(new Error('no answer')));
    request.on('error', reject);
    request.flushHeaders();
  });
  expect(status).toBe(413);
});

test('S-01, S-02: each sign-in has a state and a PKCE challenge of its own', async () => {
  const links = linksOf(stage, api);
  const seen = new Set<string>();
  for (let i = 0; i < 50; i++) {
    const { path } = await links.makeLink();
    const url = new URL(await links.authorizationUrl(browse(api), path));
    const state = url.searchParams.get('state') ?? '';
    const challenge = url.searchParams.get('code_challenge') ?? '';
    expect(url.searchParams.get('code_challenge_method')).toBe('S256');
    expect(challenge).toMatch(/^[\w-]{43}$/);
    expect(Buffer.from(state, 'base64url').length).toBeGreaterThanOrEqual(16);
    seen.add(state).add(challenge);
  }
  expect(seen.size).toBe(100);
});
