import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tellAllExpiring } from '../../background/expiring.ts';
import { refreshCredential } from '../../credentials/refresh.ts';
import { findCredential } from '../../db/credentials/credentials.ts';
import { importing } from '../imports/importing.ts';
import { browse } from '../support/api.ts';
import { signInAt } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { locationOf } from './links-of.ts';
import { raiseApi } from './raise-api.ts';
import type { RaisedApi } from './raise-api.ts';

const TENANT = 'acme';
const DAY_MS = 86_400_000;
const RETURN_TO = 'https://product.example/done';
let stage: RaisedApi['stage'];
let api: RaisedApi['api'];
let links: RaisedApi['links'];
let close: RaisedApi['close'];

beforeAll(async () => {
  ({ stage, api, links, close } = await raiseApi());
  await stage.sandbox.settings('salesforce', { token_life_s: 3_600 });
}, 60_000);
afterAll(() => close?.());

const authorize = (browser: ReturnType<typeof browse>, path: string, login?: string) =>
  browser('POST', `${path}/authorize`, { access_type: 'salesforce', ...(login === undefined ? {} : { login }) });

/** Goes to Salesforce as this person and comes back; answers with the channel's id. */
async function connect(path: string, email: string, login?: string): Promise<string> {
  const browser = browse(api);
  const { json } = await authorize(browser, path, login);
  const back = await browser('GET', await stage.sandbox.consent(json.authorization_url, email));
  expect(locationOf(back).searchParams.get('status')).toBe('connected');
  return locationOf(back).searchParams.get('channel') ?? '';
}

const makeLink = () => links.makeLink({ access_types: ['salesforce'], return_to: RETURN_TO });
/** In seconds; 900 where Salesforce does not tell it. */
async function lifeOf(channelId: string): Promise<number> {
  const { expiresAt, issuedAt } = (await credentialOf(channelId))!;
  return (expiresAt!.getTime() - issuedAt!.getTime()) / 1000;
}
const credentialOf = (channelId: string) =>
  stage.context.database.inTenant(TENANT, (tx) => findCredential(tx, channelId));

describe('a person whose organization is a sandbox or has a domain of its own', () => {
  test('chooses where to sign in; there the code and every refresh go, and the next sign-in too', async () => {
    const link = await makeLink();
    const session = (await browse(api)('GET', `${link.path}/session`)).json;
    const [{ logins }] = session.sign_in[0].oauth;
    expect(logins).toMatchObject({ places: [{ kind: 'production' }, { kind: 'sandbox' }] });
    const [production, sandbox] = logins.places.map(({ url }: { url: string }) => url);
    const email = 'tess@acme.example';
    await stage.sandbox.account('salesforce', email, { instance: 'cs3' });
    // Production does not know the person.
    const elsewhere = (await authorize(browse(api), link.path, production)).json.authorization_url;
    await expect(stage.sandbox.consent(elsewhere, email)).rejects.toThrow('invalid_login');

    const channelId = await connect(link.path, email, sandbox);
    const { version, context } = (await credentialOf(channelId))!;
    expect(context).toMatchObject({ login_url: sandbox });
    const input = { tenantId: TENANT, accessType: 'salesforce', channelId, version } as const;
    expect(await refreshCredential(stage.context, input)).toBe('refreshed');
    const again = await links.reauthorizeLink(channelId, { return_to: RETURN_TO });
    const { json } = await authorize(browse(api), again.path);
    expect(json.authorization_url.startsWith(`${sandbox}/services/oauth2/authorize`)).toBe(true);
    await connect(again.path, email);
    expect((await credentialOf(channelId))?.context).toMatchObject({ login_url: sandbox });
  });

  test('names the domain of the organization, which alone tells how long its sessions live', async () => {
    const email = 'dom@acme.example';
    await stage.sandbox.account('salesforce', email, { instance: 'acme' });
    const link = await makeLink();
    const channelId = await connect(link.path, email, 'acme');
    const { version, context } = (await credentialOf(channelId))!;
    expect(context['login_url']).toMatch(/\/salesforce\/acme$/);
    expect(await lifeOf(channelId)).toBeGreaterThan(1_800);
    const input = { tenantId: TENANT, accessType: 'salesforce', channelId, version } as const;
    expect(await refreshCredential(stage.context, input)).toBe('refreshed');
    expect(await lifeOf(channelId)).toBeGreaterThan(1_800);
  });

  test.each([
    'https://evil.example',
    'http://127.0.0.1:9/login',
    '//evil.example',
    'acme.example',
    'acme@evil',
    '../x',
  ])('is not sent to %s, which is no address of Salesforce', async (login) => {
    const link = await makeLink();
    const answer = await authorize(browse(api), link.path, login);
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ code: 'validation_failed', errors: [{ in: 'body', path: 'login' }] });
  });

  test('a provider with one place takes no other', async () => {
    const link = await links.makeLink({ access_types: ['gmail'] });
    const body = { access_type: 'gmail', login: 'acme.my.salesforce.com' };
    expect((await browse(api)('POST', `${link.path}/authorize`, body)).status).toBe(400);
  });
});

const adoption = (email: string, token: string, login: string) => ({
  tenant: TENANT,
  access_type: 'salesforce',
  account: { email },
  credential: { refresh_token: token, exclusive: true, login_url: login },
});

describe('an adoption that names where its organization signs in', () => {
  test('is read as the connect page reads it', async () => {
    const email = 'adopted@acme.example';
    await stage.sandbox.account('salesforce', email);
    const tokens = await signInAt(stage, { accessType: 'salesforce', provider: 'salesforce' }, email);
    const production = String(tokens.context['told_login_url']);
    const adopted = await api.call(
      'POST',
      '/v1/channels',
      adoption(email, tokens.refreshToken!.reveal(), `${production}/`),
    );
    expect(adopted.status).toBe(201);
    expect((await credentialOf(adopted.json.id))?.context['login_url']).toBe(production);
  });

  test.each(['https://evil.example', 'https://acme.my.site.com'])(
    '%s is refused, and no token is sent',
    async (login) => {
      const answer = await api.call('POST', '/v1/channels', adoption('evil@acme.example', secret('adopted'), login));
      expect(answer.status).toBe(400);
      expect(answer.json).toMatchObject({
        code: 'validation_failed',
        errors: [{ in: 'body', path: 'credential.login_url' }],
      });
    },
  );
});

test('a grant that nothing can refresh is told of a week before Salesforce ends it', async () => {
  const email = 'idle@acme.example';
  await stage.sandbox.account('salesforce', email);
  const channelId = await connect((await makeLink()).path, email);
  const { issuedAt } = (await credentialOf(channelId))!;
  // No workflow runs here that keeps it alive.
  const tellAfter = async (days: number) => {
    const now = new Date(issuedAt!.getTime() + days * DAY_MS);
    await tellAllExpiring({ ...stage.context, clock: { now: () => Promise.resolve(now) } });
    const { data } = (await api.call('GET', `/v1/channels/${channelId}/timeline`)).json;
    return data.filter(({ type }: { type: string }) => type === 'channel.expiring');
  };
  expect(await tellAfter(21)).toEqual([]);
  const endsAt = new Date(issuedAt!.getTime() + 30 * DAY_MS).toISOString();
  const told = [{ data: { expires_by: 'token_idle_expired', expires_at: endsAt } }];
  expect(await tellAfter(24)).toMatchObject(told);
  expect(await tellAfter(25)).toMatchObject(told);
});

describe('the feed of a Salesforce channel', () => {
  test('has a mail once, read or not, and each state of a task with a higher revision', async () => {
    const email = 'feed@acme.example';
    await stage.sandbox.account('salesforce', email);
    const channelId = await connect((await makeLink()).path, email);
    const { settle } = importing(stage.context);
    const feed = async () => {
      await settle(channelId);
      return (await api.call('GET', `/v1/messages?channel=${channelId}`)).json.data as Record<string, unknown>[];
    };
    const write = async (path: string, body: object) => {
      const token = (await api.call('GET', `/v1/channels/${channelId}/access-token`)).json.access_token;
      const { context } = (await credentialOf(channelId))!;
      const answer = await fetch(`${context['instance_url']}/services/data/v62.0/sobjects/${path}`, {
        method: 'PATCH',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        body: JSON.stringify(body),
      });
      expect(answer.status).toBe(204);
    };
    // Enhanced Email logs the mail as a task too.
    const [mail] = await stage.sandbox.deliver('salesforce', email, 1);
    const [task] = await stage.sandbox.deliver('salesforce', email, 1, { object: 'Task', subject: 'Call Ana' });
    await expect.poll(feed, { timeout: 20_000 }).toHaveLength(2);
    await write(`EmailMessage/${mail!.provider_id}`, { Status: '1' });
    await write(`Task/${task!.provider_id}`, { Subject: 'Call Ana on Monday' });
    await expect.poll(feed, { timeout: 20_000 }).toHaveLength(3);

    const entries = await feed();
    const mails = entries.filter(({ media_type: type }) => type === 'message/rfc822');
    expect(mails).toMatchObject([{ provider_id: mail!.provider_id, message_id: mail!.message_id, revision: 1 }]);
    const tasks = entries.filter(({ media_type: type }) => type === 'application/json');
    expect(tasks).toMatchObject([
      { provider_id: task!.provider_id, message_id: null, subject: 'Call Ana' },
      { provider_id: task!.provider_id, message_id: null, subject: 'Call Ana on Monday' },
    ]);
    expect(Number(tasks[1]!['revision'])).toBeGreaterThan(Number(tasks[0]!['revision']));
    const raw = await api.call('GET', `/v1/messages/${String(tasks[1]!['id'])}/raw`);
    expect(raw.headers.get('content-type')).toMatch(/^application\/json/);
    expect(raw.json).toMatchObject({ Id: task!.provider_id, Subject: 'Call Ana on Monday' });
  }, 60_000);
});
