import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Api } from '../support/api.ts';
import { raiseApi } from './raise-api.ts';
import type { RaisedApi } from './raise-api.ts';

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
  'base64',
);
const BRANDING = {
  name: 'Example Desk',
  logo_url: null,
  accent_color: '#aa3366',
  support_email: 'help@example.com',
  support_url: 'https://example.com/help',
  privacy_url: 'https://example.com/privacy',
};

let raised: RaisedApi;
let api: Api;
/** The product's own server of files; what it was asked, and by whom. */
const asked: { path: string; referer: string | undefined }[] = [];
const files = createServer((request, response) => {
  const path = request.url ?? '';
  asked.push({ path, referer: request.headers.referer });
  const type = path.endsWith('.png') ? 'image/png' : 'text/html';
  if (path === '/moved.png') response.writeHead(302, { location: '/logo.png' });
  else response.writeHead(200, { 'content-type': type });
  response.end(path === '/large.png' ? Buffer.alloc(600 * 1024) : PNG);
});
let host: string;

beforeAll(async () => {
  raised = await raiseApi();
  api = raised.api;
  await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
  host = `http://127.0.0.1:${(files.address() as AddressInfo).port}`;
}, 60_000);
afterAll(async () => {
  files.close();
  await raised?.close();
});

const put = (body: object) => api.call('PUT', '/v1/branding', body);

describe('branding', () => {
  test('is empty at first, set as a whole, and in the answer of every connect page', async () => {
    const nothing = Object.fromEntries(Object.keys(BRANDING).map((name) => [name, null]));
    expect((await api.call('GET', '/v1/branding')).json).toEqual(nothing);
    expect(await put({ ...BRANDING, accent_color: '#A36' })).toMatchObject({ status: 200, json: BRANDING });
    expect((await api.call('GET', '/v1/branding')).json).toEqual({ ...BRANDING });
    expect((await api.request('GET', '/branding')).json).toEqual(BRANDING);
    const link = await api.call('POST', '/v1/links', { tenant: 'acme' });
    const session = await api.request('GET', `${new URL(link.json.url as string).pathname}/session`);
    expect(session.json.branding).toEqual(BRANDING);
    expect((await put({ name: 'Example' })).json).toEqual({ ...nothing, name: 'Example' });
  });

  test('is written by a key of all tenants alone, and read by every key', async () => {
    const tenants = await api.caller({ tenantId: (await api.call('GET', '/v1/tenants')).json.data[0].id });
    expect(await tenants('PUT', '/v1/branding', BRANDING)).toMatchObject({
      status: 403,
      json: { code: 'tenant_not_allowed' },
    });
    expect((await tenants('GET', '/v1/branding')).status).toBe(200);
    const reader = await api.caller({ scopes: ['channels:read'] });
    expect(await reader('PUT', '/v1/branding', BRANDING)).toMatchObject({ json: { code: 'scope_missing' } });
  });

  test.each([
    ['logo_url', 'data:image/png;base64,AAAA'],
    ['logo_url', 'https://user:pass@example.com/logo.png'],
    ['support_url', 'javascript:alert(1)'],
    ['privacy_url', '/privacy'],
    ['accent_color', 'red'],
    ['accent_color', '#12345'],
    ['accent_color', '#000000;color:red'],
    ['support_email', 'help'],
    ['name', ''],
    ['name', 'a\u0007b'],
  ])('refuses %s %s, by the field’s name', async (field, value) => {
    const { status, json } = await put({ [field]: value });
    expect({ status, errors: json.errors }).toMatchObject({ status: 400, errors: [{ in: 'body', path: field }] });
  });
});

const shown = async (logoUrl: string) => {
  await put({ logo_url: logoUrl });
  const { json } = await api.request('GET', '/branding');
  expect(json.logo_url).toMatch(/^\/branding\/logo\?of=/);
  return fetch(new URL(json.logo_url as string, api.url), { headers: { referer: `${api.url}/connect/secret` } });
};

describe('the logo', () => {
  test('is fetched and served by this server, once for many pages, and its host learns of no link', async () => {
    const answer = await shown(`${host}/moved.png`);
    expect(Buffer.from(await answer.arrayBuffer())).toEqual(PNG);
    expect(answer.headers.get('content-type')).toBe('image/png');
    expect(answer.headers.get('content-security-policy')).toContain('sandbox');
    await shown(`${host}/moved.png`);
    expect(asked).toEqual([
      { path: '/moved.png', referer: undefined },
      { path: '/logo.png', referer: undefined },
    ]);
  });

  test.each(['/page.html', '/large.png'])('that is %s is not shown', async (path) => {
    expect((await shown(`${host}${path}`)).status).toBe(404);
  });

  test('is not fetched from inside the network', async () => {
    expect((await shown('http://10.0.0.1/logo.png')).status).toBe(404);
  });
});
