import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, HTTPMessageHandler } from '@microsoft/microsoft-graph-client';
import type { Context, Middleware, PageCollection } from '@microsoft/microsoft-graph-client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RunningSandbox } from '../../sandbox/sandbox.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { MicrosoftApp } from './microsoft-app.ts';

const EMAIL = 'ana@contoso.example';

/* Microsoft's own client reads the sandbox: a second opinion on the protocol. */
const dir = mkdtempSync(join(tmpdir(), 'sandbox-graph-client-'));
let sandbox: RunningSandbox;
let app: MicrosoftApp;
let client: Client;
let accessToken: string;
/** Graph's, with its version. */
let address: string;

beforeAll(async () => {
  sandbox = await startSandbox({ dir, port: 0 });
  app = new MicrosoftApp(sandbox.addresses);
  const { access_token: token } = await app.connect(EMAIL);
  accessToken = token;
  address = app.microsoft['graph_api_url'] ?? '';
  client = Client.initWithMiddleware({
    // It puts its version between the address and the path.
    baseUrl: address.slice(0, address.lastIndexOf('/') + 1),
    defaultVersion: 'v1.0',
    middleware: withToken(token),
  });
});
afterAll(async () => {
  await sandbox.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Its own handler gives a token to `https:` alone, and the sandbox is on this machine. */
function withToken(token: string): Middleware {
  const http = new HTTPMessageHandler();
  return {
    execute(context: Context) {
      const headers = new Headers(context.options?.headers);
      headers.set('authorization', `Bearer ${token}`);
      context.options = { ...context.options, headers: Object.fromEntries(headers) };
      return http.execute(context);
    },
  };
}

test('it reads who it is, folders, a window, a delta to its end, and a message', async () => {
  const me = (await client.api('/me').get()) as { mail: string };
  expect(me.mail).toBe(EMAIL);
  const delivered = await app.deliver(EMAIL, 25);

  const folder = (await client.api('/me/mailFolders/inbox').get()) as { displayName: string; totalItemCount: number };
  expect(folder).toMatchObject({ displayName: 'Inbox', totalItemCount: 25 });

  const window = (await client
    .api('/me/messages')
    .filter('receivedDateTime ge 2020-01-01T00:00:00Z')
    .orderby('receivedDateTime desc')
    .select('id')
    .top(50)
    .get()) as PageCollection;
  expect(window.value).toHaveLength(25);

  const seen: string[] = [];
  let next = '/me/mailFolders/inbox/messages/delta?$select=id';
  let end: string | undefined;
  while (end === undefined) {
    const page = (await client
      .api(next)
      .header('Prefer', 'IdType="ImmutableId", odata.maxpagesize=10')
      .get()) as PageCollection;
    seen.push(...page.value.map(({ id }: { id: string }) => id));
    end = page['@odata.deltaLink'];
    // It takes whole addresses with `https:` alone.
    next = page['@odata.nextLink']?.slice(address.length) ?? '';
  }
  expect(new Set(seen)).toEqual(new Set(delivered.map(({ provider_id: id }) => id)));
  expect(end).toContain('deltatoken');

  const content = (await client.api(`/me/messages/${encodeURIComponent(seen[0] ?? '')}/$value`).getStream()) as
    | ReadableStream
    | NodeJS.ReadableStream;
  let text = '';
  for await (const chunk of content as AsyncIterable<Uint8Array>) text += Buffer.from(chunk).toString('latin1');
  expect(text).toMatch(/^Message-ID: </im);
});

const get = (path: string, prefer = '') =>
  fetch(`${address}/${path}`, { headers: { authorization: `Bearer ${accessToken}`, ...(prefer ? { prefer } : {}) } });

test('a request without a client is answered as Graph documents it: the fields, the page, what it preferred, an error', async () => {
  await app.deliver(EMAIL, 5);
  const page = await get(
    'me/mailFolders/inbox/messages/delta?$select=subject',
    'IdType="ImmutableId", odata.maxpagesize=2',
  );
  expect(page.headers.get('preference-applied')).toBe('IdType="ImmutableId", odata.maxpagesize=2');
  const { value, ...links } = (await page.json()) as { value: object[] };
  expect(value).toHaveLength(2);
  expect(
    Object.keys(value[0]!)
      .filter((name) => !name.startsWith('@'))
      .toSorted(),
  ).toEqual(['id', 'subject']);
  expect(links).toMatchObject({ '@odata.nextLink': expect.stringContaining('$skiptoken=') as unknown });
  expect((await get('me/messages?$top=1')).headers.get('preference-applied')).toBeNull();
  const refused = await get('me/messages/none');
  expect(refused.status).toBeGreaterThanOrEqual(400);
  expect(await refused.json()).toMatchObject({
    error: {
      code: expect.stringMatching(/^Error/) as unknown,
      message: expect.any(String) as unknown,
      innerError: { 'request-id': expect.any(String) as unknown, date: expect.any(String) as unknown },
    },
  });
});
