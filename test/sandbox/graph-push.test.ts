import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { RunningSandbox } from '../../sandbox/sandbox.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import { IMMUTABLE, MicrosoftApp, SCOPES } from './microsoft-app.ts';

const dir = mkdtempSync(join(tmpdir(), 'sandbox-graph-push-'));
const email = 'ana@contoso.example';
const MINUTE_MS = 60_000;
let sandbox: RunningSandbox;
let app: MicrosoftApp;
let token: string;

interface Notification {
  readonly subscriptionId: string;
  readonly clientState: string;
  readonly tenantId: string;
  readonly changeType?: string;
  readonly lifecycleEvent?: string;
  readonly resource?: string;
  readonly resourceData?: { readonly id: string };
}

/** Takes notifications; `status` is what it answers a validation with. */
const receiver = {
  received: [] as Notification[][],
  lifecycle: [] as Notification[],
  status: 200,
  refuses: false,
  refused: 0,
};
const server = createServer((request, response) => {
  const url = new URL(request.url ?? '', 'http://receiver');
  let body = '';
  request.on('data', (chunk: Buffer) => (body += chunk.toString()));
  request.on('end', () => {
    const challenge = url.searchParams.get('validationToken');
    if (challenge !== null) return response.writeHead(receiver.status, { 'content-type': 'text/plain' }).end(challenge);
    if (receiver.refuses) {
      receiver.refused += 1;
      return response.destroy();
    }
    const { value } = JSON.parse(body) as { value: Notification[] };
    if (url.pathname === '/lifecycle') receiver.lifecycle.push(...value);
    else receiver.received.push(value);
    return response.writeHead(202).end();
  });
});

beforeAll(async () => {
  sandbox = await startSandbox({ dir, port: 0 });
  app = new MicrosoftApp(sandbox.addresses);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
beforeEach(async () => {
  await app.ok('POST', '/reset');
  token = (await app.connect(email)).access_token;
  Object.assign(receiver, { received: [], lifecycle: [], status: 200, refuses: false, refused: 0 });
});
afterAll(async () => {
  await sandbox.close();
  server.close();
  rmSync(dir, { recursive: true, force: true });
});

const inMinutes = (minutes: number) => new Date(Date.now() + minutes * MINUTE_MS).toISOString();
const address = (path: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/${path}`;
const subscribe = (more: object = {}, accessToken = token) =>
  app.graph('subscriptions', accessToken, {
    method: 'POST',
    headers: IMMUTABLE,
    json: {
      changeType: 'created,updated,deleted',
      resource: 'me/messages',
      notificationUrl: address('news?of=microsoft'),
      lifecycleNotificationUrl: address('lifecycle'),
      expirationDateTime: inMinutes(4_200),
      clientState: 'secret-state',
      ...more,
    },
  });
const told = () => receiver.received.flat();
const failed = async (answer: ReturnType<typeof subscribe>) => {
  const { status, json } = await answer;
  return [status, (json.error ?? json).message];
};

test('a subscription is validated inside the request, and tells what came, moved and went', async () => {
  const made = await subscribe();
  expect(made.status).toBe(201);
  expect(made.json).toMatchObject({ clientState: 'secret-state', resource: 'me/messages' });
  const logged = await app.requests('kind=push');
  expect(logged.map(({ operation, status }) => [operation, status])).toEqual([
    ['validation', 200],
    ['validation', 200],
  ]);
  const [sent] = await app.deliver(email, 1);
  await expect.poll(told).toHaveLength(1);
  const me = (await app.graph('me', token)).json.id;
  expect(told()[0]).toMatchObject({
    subscriptionId: made.json.id,
    clientState: 'secret-state',
    changeType: 'created',
    resource: `Users/${me}/Messages/${sent?.provider_id}`,
    resourceData: { id: sent?.provider_id },
  });
  await app.move(email, sent?.provider_id, 'Archive');
  await expect.poll(told).toHaveLength(2);
  await app.ok('DELETE', `/accounts/microsoft/${email}/messages/${sent?.provider_id}`);
  await expect.poll(() => told().map(({ changeType }) => changeType)).toEqual(['created', 'updated', 'deleted']);
  await app.deliver(email, 250);
  await expect.poll(told).toHaveLength(253);
  expect(receiver.received.length).toBeLessThan(10); // told together
});

test('a subscription of one folder, read, renewed, ended', async () => {
  const { id } = (await subscribe({ resource: `/me/mailFolders('inbox')/messages`, changeType: 'created' })).json;
  await app.deliver(email, 1, { folder: 'Archive' });
  await app.deliver(email, 1);
  await expect.poll(told).toHaveLength(1);
  const path = `subscriptions/${id}`;
  const expirationDateTime = inMinutes(10_000);
  const renewed = await app.graph(path, token, { method: 'PATCH', json: { expirationDateTime } });
  expect([renewed.status, renewed.json.clientState]).toEqual([200, null]);
  expect(Math.abs(Date.parse(renewed.json.expirationDateTime) - Date.parse(expirationDateTime))).toBeLessThan(2000);
  expect((await app.graph('subscriptions', token)).json.value).toHaveLength(1);
  const bob = (await app.connect('bob@contoso.example')).access_token;
  expect((await app.graph(path, bob)).status).toBe(404);
  expect((await app.graph(path, token, { method: 'DELETE' })).status).toBe(204);
  expect((await app.graph(path, token)).json.error.code).toBe('ResourceNotFound');
  const short = (await subscribe({ expirationDateTime: inMinutes(5) })).json;
  expect(Date.parse(short.expirationDateTime)).toBeGreaterThan(Date.now() + 44 * MINUTE_MS);
  await app.ok('PUT', '/clock', { offset_s: 50 * 60 });
  const later = (await app.connect(email)).access_token;
  expect((await app.graph(`subscriptions/${short.id}`, later)).status).toBe(404);
});

test('what Graph refuses: too long a life, an address that does not answer rightly, another’s mailbox, a policy', async () => {
  expect(await failed(subscribe({ expirationDateTime: inMinutes(10_081) }))).toEqual([
    400,
    'Subscription expiration can only be 10080 minutes in the future.',
  ]);
  expect(await failed(subscribe({ expirationDateTime: undefined }))).toEqual([
    400,
    'expirationDateTime is a required property for subscription creation',
  ]);
  receiver.status = 403;
  const forbidden = await failed(subscribe());
  expect([forbidden[0], forbidden[1].includes("'Forbidden'")]).toEqual([400, true]);
  const nowhere = await failed(subscribe({ notificationUrl: 'http://127.0.0.1:9/' }));
  expect(nowhere[1]).toContain('must respond with 200 OK');
  receiver.status = 200;
  expect((await subscribe({ clientState: 'x'.repeat(129) })).status).toBe(400);
  expect((await subscribe({ resource: 'me/contacts' })).status).toBe(400);
  await app.account('team@contoso.example', { delegates: [email] });
  const shared = SCOPES.replace('https://graph.microsoft.com/Mail.Read', 'Mail.Read.Shared');
  const delegate = (await app.connect(email, { authorize: { scope: shared } })).access_token;
  const ofTeam = await subscribe({ resource: 'users/team@contoso.example/messages' }, delegate);
  expect([ofTeam.status, ofTeam.json.error.code]).toEqual([403, 'ExtensionError']);
  expect((await subscribe({}, delegate)).status).toBe(403);
  await app.fault('subscription_refused', { email, times: 2 });
  expect((await subscribe()).status).toBe(403);
  expect((await subscribe()).status).toBe(403);
  const { id } = (await subscribe()).json;
  await app.fault('subscription_refused', { email, times: 1 });
  const json = { expirationDateTime: inMinutes(60) };
  expect((await app.graph(`subscriptions/${id}`, token, { method: 'PATCH', json })).status).toBe(403);
});

test('dropped, told twice, missed', async () => {
  await subscribe();
  await app.fault('push_dropped', { email, times: 1 });
  await app.deliver(email, 1);
  await expect
    .poll(() => app.requests('kind=push').then((all) => all.map(({ operation }) => operation)))
    .toContain('dropped');
  await app.fault('push_duplicated', { email, times: 1 });
  await app.deliver(email, 1);
  await expect.poll(told).toHaveLength(2);
  expect(receiver.received[0]).toEqual(receiver.received[1]);
  receiver.refuses = true;
  await app.deliver(email, 1);
  await expect.poll(() => receiver.refused).toBe(3);
  receiver.refuses = false;
  await app.deliver(email, 1);
  await expect.poll(() => receiver.lifecycle.map(({ lifecycleEvent }) => lifecycleEvent)).toEqual(['missed']);
});

test('lifecycle: reauthorize or fall silent, removed with the grant, and each on request', async () => {
  const { id } = (await subscribe()).json;
  const events = () => receiver.lifecycle.map(({ lifecycleEvent }) => lifecycleEvent);
  await app.fault('notifications_missed', { email });
  await app.fault('reauthorization_required', { email });
  await expect.poll(events).toEqual(['missed', 'reauthorizationRequired']);
  expect(receiver.lifecycle[0]).toMatchObject({ subscriptionId: id, clientState: 'secret-state' });
  await app.ok('PUT', '/clock', { offset_s: 50 * 60 });
  await expect.poll(events).toHaveLength(3); // it asks by itself before the hour is over
  await app.ok('PUT', '/clock', { offset_s: 61 * 60 });
  await app.deliver(email, 1); // lost: nothing is told without an authorization
  const renewing = (await app.connect(email)).access_token;
  expect((await app.graph(`subscriptions/${id}/reauthorize`, renewing, { method: 'POST' })).status).toBe(204);
  await app.deliver(email, 1);
  await expect.poll(told).toHaveLength(1);
  await app.fault('session_revoked', { email });
  await expect.poll(events).toContain('subscriptionRemoved');
  const again = (await app.connect(email)).access_token;
  expect((await app.graph('subscriptions', again)).json.value).toEqual([]);
});
