import { mkdtempSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createChannelActivities } from '../../activities/channel.ts';
import { turnServing } from '../../background/serving.ts';
import { checkChannel } from '../../credentials/check.ts';
import { findChannel } from '../../db/channels/channels.ts';
import { findCredential } from '../../db/credentials/credentials.ts';
import { disconnectChannel } from '../../connections/disconnect-channel.ts';
import { refreshUntilDone } from '../credentials/refresh-until-done.ts';
import { linksOf, locationOf } from './links-of.ts';
import type { Context } from '../../runtime/context.ts';
import { browse, startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { channelOf, connectGmail } from '../support/connect.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { CLIENT_ID, startCertifiedServer } from '../providers/custom/certified-server.ts';
import type { CertifiedServer } from '../providers/custom/certified-server.ts';
import { CASES, EXAMPLE } from '../providers/custom/likenesses.ts';

/* Access types that files make, against a certified OAuth server at the paths of each file. */

const ROOT = join(import.meta.dirname, '../..');
const TENANT = 'acme';
const servers = new Map<string, CertifiedServer>();
let stage: Stage;
let api: Api;
/** Of a server whose environment lacks the client of Pipedrive. */
let lackingApi: Api;

const ALL = [
  ...CASES,
  {
    name: 'acme-desk',
    likeness: EXAMPLE,
    servers: ['ACME_DESK_LOGIN_URL'],
    email: (id: string) => `${id}@desk.example`,
  },
];

/** The files that ship, and the example of the documentation with its domain replaced. */
function folder(): string {
  const dir = mkdtempSync(join(tmpdir(), 'mooring-providers-'));
  for (const { name } of CASES)
    writeFileSync(join(dir, `${name}.yaml`), readFileSync(join(ROOT, 'providers/custom', `${name}.yaml`)));
  const page = readFileSync(join(ROOT, 'docs/providers-by-file.md'), 'utf8');
  const example = /```yaml\n([\s\S]*?)\n *```/.exec(page)?.[1] ?? '';
  writeFileSync(join(dir, 'acme-desk.yaml'), example.replace('within: [acme.example]', 'within: [127.0.0.1]'));
  return dir;
}

beforeAll(async () => {
  const variables: Record<string, string> = { MOORING_PROVIDERS_DIR: folder() };
  for (const { name, likeness, servers: addresses } of ALL) {
    const server = await startCertifiedServer(likeness);
    servers.set(name, server);
    const prefix = name.toUpperCase().replaceAll('-', '_');
    variables[`${prefix}_CLIENT_ID`] = CLIENT_ID;
    variables[`${prefix}_CLIENT_SECRET`] = server.clientSecret;
    for (const address of addresses) variables[address] = server.issuer;
  }
  stage = await raiseStage({ variables });
  api = await startApi(stage.context);
  lackingApi = await startApi(lacking());
}, 120_000);
afterAll(async () => {
  await api?.close();
  await lackingApi?.close();
  await stage?.close();
  await Promise.all([...servers.values()].map((server) => server.close()));
});

/** What a process has whose environment lacks the client of Pipedrive. */
function lacking(): Context {
  const providers = new Map([...stage.context.providers].filter(([accessType]) => accessType !== 'pipedrive'));
  return { ...stage.context, providers };
}

const serverOf = (name: string) => servers.get(name)!;

/** What a person does with a link. */
async function follow(name: string, path: string, accountId: string) {
  const browser = browse(api);
  const { json: session } = await browser('GET', `${path}/session`);
  const { json } = await browser('POST', `${path}/authorize`, { access_type: name });
  const back = new URL(await serverOf(name).signIn(json.authorization_url, accountId));
  const returned = await browser('GET', back.pathname + back.search);
  return { session, channel: locationOf(returned).searchParams.get('channel') ?? '', returned, back };
}

async function connect(name: string, accountId: string, more: object = {}) {
  const { json } = await api.call('POST', '/v1/links', { tenant: TENANT, access_types: [name], ...more });
  return follow(name, new URL(json.url).pathname, accountId);
}

const read = async (channelId: string) => (await api.call('GET', `/v1/channels/${channelId}`)).json;
const tokenOf = async (channelId: string) => (await api.call('GET', `/v1/channels/${channelId}/access-token`)).json;

async function refresh(name: string, channelId: string) {
  const { credential_version: version } = await read(channelId);
  return refreshUntilDone(stage.context, { tenantId: TENANT, accessType: name, channelId, version });
}

describe.each(ALL)('$name', ({ name, email }) => {
  test('a link connects an account, of which nothing is imported', async () => {
    const { session, channel, back } = await connect(name, 'ana');
    // The address that the documentation has an operator register.
    expect(back.pathname).toBe(`/oauth/${name}/callback`);
    expect(session.sign_in).toMatchObject([{ access_type: name, imports: false, password: null }]);
    expect(session.import).toBe('off');
    expect(await read(channel)).toMatchObject({
      status: 'connected',
      access_type: name,
      account: { email: email('ana') },
      import: 'off',
      covered_until: null,
      import_state: 'idle',
    });
    expect(await serverOf(name).isLive((await tokenOf(channel)).access_token)).toBe(true);
    expect((await connect(name, 'ana')).channel).toBe(channel);
  });

  test('its token is refreshed, and a real call verifies it', async () => {
    const { channel } = await connect(name, 'ben');
    for (const version of [2, 3]) {
      expect(await refresh(name, channel)).toBe('refreshed');
      const token = await tokenOf(channel);
      expect(token).toMatchObject({ version, token_type: 'Bearer' });
      expect(await serverOf(name).isLive(token.access_token)).toBe(true);
    }
    expect(await checkChannel(stage.context, { tenantId: TENANT, channelId: channel })).toMatchObject({ ok: true });
  });

  test('the next refresh is shown where tokens expire', async () => {
    const { next_refresh_at: at, token_expires_at: end } = await read((await connect(name, 'bea')).channel);
    if (name === 'mailchimp') expect(at).toBeNull();
    else expect(Date.parse(at)).toBeLessThan(Date.parse(end));
    const asked = serverOf(name).calls.filter((call) => call.startsWith('token')).length;
    const { channel } = await connect(name, 'bea');
    const tokens = serverOf(name).calls.filter((call) => call.startsWith('token')).length - asked;
    await refresh(name, channel);
    const more = serverOf(name).calls.filter((call) => call.startsWith('token')).length - asked - tokens;
    expect([tokens, more]).toEqual([1, name === 'mailchimp' ? 0 : 1]);
  });

  test('an access that was withdrawn asks the person, and a sign-in mends it', async () => {
    const { channel } = await connect(name, 'cleo');
    await serverOf(name).withdraw((await tokenOf(channel)).access_token);
    await checkChannel(stage.context, { tenantId: TENANT, channelId: channel });
    // A word that leaves the cause open is confirmed before a person is asked.
    for (let tries = 0; tries < 3 && (await read(channel)).status !== 'reauth_required'; tries++) {
      await refresh(name, channel);
    }
    expect(await read(channel)).toMatchObject({ status: 'reauth_required', action: 'reauthorize' });
    const { json } = await api.call('POST', `/v1/channels/${channel}/reauthorize-links`, {});
    expect((await follow(name, new URL(json.url).pathname, 'cleo')).channel).toBe(channel);
    expect(await read(channel)).toMatchObject({ status: 'connected', import: 'off', covered_until: null });
  });

  test('a product hands its token over', async () => {
    const kind = name === 'mailchimp' ? ('AccessToken' as const) : 'RefreshToken';
    const credential = { refresh_token: await serverOf(name).newToken('dora', kind), exclusive: true };
    const body = { tenant: TENANT, access_type: name, account: { email: email('dora') }, credential };
    const early = { ...body, covered_until: '2026-01-01T00:00:00Z' };
    expect((await api.call('POST', '/v1/channels', early)).json).toMatchObject({ code: 'import_not_supported' });
    const { status, json } = await api.call('POST', '/v1/channels', body);
    expect([status, json.import, json.covered_until]).toEqual([201, 'off', null]);
    expect(await serverOf(name).isLive((await tokenOf(json.id)).access_token)).toBe(true);
  });

  test('a disconnect revokes the grant where the provider can', async () => {
    const { channel } = await connect(name, 'ed');
    await api.call('DELETE', `/v1/channels/${channel}`);
    expect(await disconnectChannel(stage.context, { tenantId: TENANT, channelId: channel })).toBe(true);
    const revocation = name === 'mailchimp' ? 'unsupported' : 'done';
    expect(await read(channel)).toMatchObject({ status: 'disconnected', revocation });
    const revoked = serverOf(name).calls.filter((call) => call.startsWith('revocation'));
    expect(revoked).toEqual(name === 'mailchimp' ? [] : ['revocation 200']);
  });
});

test('every other mode of importing is refused', async () => {
  const { channel } = await connect('pipedrive', 'fay');
  const link = { tenant: TENANT, access_types: ['pipedrive', 'imap'] };
  const refused = [
    await api.call('POST', '/v1/links', { ...link, import: 'continuous' }),
    await api.call('POST', '/v1/links', { ...link, import: 'gap' }),
    await api.call('POST', '/v1/links', { ...link, import_from: '2026-01-01T00:00:00Z' }),
    await api.call('PATCH', `/v1/channels/${channel}`, { import: 'gap' }),
    await api.call('POST', `/v1/channels/${channel}/imports`, {}),
    await lackingApi.call('PATCH', `/v1/channels/${channel}`, { import: 'continuous' }),
    await lackingApi.call('POST', `/v1/channels/${channel}/imports`, {}),
  ];
  for (const { status, json } of refused) {
    expect([status, json.code]).toEqual([409, 'import_not_supported']);
    expect(json.detail).toBe(
      'Nothing is imported from accounts of pipedrive: `import` is off, continuous and gap are refused',
    );
  }
  expect((await api.call('PATCH', `/v1/channels/${channel}`, { import: 'off' })).status).toBe(200);
  expect((await api.call('POST', '/v1/links', link)).status).toBe(201);
});

test('a link that offers an access type without import beside one that imports serves both', async () => {
  const offers = { access_types: ['pipedrive', 'imap'] };
  const { session, channel } = await connect('pipedrive', 'gus', offers);
  expect(session.sign_in).toMatchObject([
    { access_type: 'imap', imports: true },
    { access_type: 'pipedrive', imports: false },
  ]);
  expect(session.import).toBe('continuous');
  expect(await read(channel)).toMatchObject({ import: 'off', covered_until: null, import_state: 'idle' });

  const username = 'gus@example.com';
  const password = secret('password');
  await stage.sandbox.account('imap', username, { password });
  const { json: link } = await api.call('POST', '/v1/links', { tenant: TENANT, ...offers });
  const { host, port, security } = stage.imap;
  const form = { access_type: 'imap', username, password, host, port, security };
  const { json } = await browse(api)('POST', `${new URL(link.url).pathname}/password`, form);
  expect(json.channel).toMatchObject({ access_type: 'imap', import: 'continuous' });
  expect(json.channel.covered_until).not.toBeNull();

  // A link for any access type may ask for mail from before; of this one there is none.
  const { json: any } = await api.call('POST', '/v1/links', { tenant: TENANT, import_from: '2026-01-01T00:00:00Z' });
  const { channel: other } = await follow('pipedrive', new URL(any.url).pathname, 'hugo');
  expect(await read(other)).toMatchObject({ import: 'off', covered_until: null });
  expect((await api.call('GET', `/v1/channels/${other}/imports`)).json.data).toEqual([]);
});

const MINUTE_MS = 60_000;
/** An access type counts as served for five minutes after its last worker. */
const LONGER_THAN_SERVED_MS = 6 * MINUTE_MS;

const openIncidents = async () => (await lackingApi.call('GET', '/v1/incidents?scope=client&state=open')).json.data;

test('S-09: a worker without the file of a channel leaves it to others; where no worker has it, the channel can be erased', async () => {
  const { channel } = await connect('pipedrive', 'jo');
  const input = { tenantId: TENANT, channelId: channel, accessType: 'pipedrive', seq: 1 };
  const deeds = createChannelActivities(lacking());
  const tried = await Promise.allSettled([
    deeds.refresh({ ...input, version: 1 }),
    deeds.check(input),
    deeds.renew(input),
    deeds.disconnect(input),
  ]);
  expect(tried).toHaveLength(4);
  for (const one of tried) expect(one).toMatchObject({ status: 'rejected', reason: { name: 'ProviderNotConfigured' } });
  expect(await read(channel)).toMatchObject({ status: 'connected', credential_version: 1 });

  await turnServing(stage.context, { isFirst: true });
  const clock = { now: async () => new Date((await stage.context.clock.now()).getTime() + LONGER_THAN_SERVED_MS) };
  const later = { ...lacking(), clock };
  await turnServing(later, { isFirst: false });
  expect(await openIncidents()).toMatchObject([{ access_type: 'pipedrive', action: 'fix_app_credentials' }]);

  // Where the file is gone, its channels can still be found.
  const { json: found } = await lackingApi.call('GET', '/v1/channels?access_type=pipedrive');
  expect(found.data.map(({ id }: { id: string }) => id)).toContain(channel);
  expect((await lackingApi.call('DELETE', `/v1/channels/${channel}?erase=true`)).status).toBe(202);
  // While a worker with the provider may live, the grant is left to it to revoke.
  expect(await deeds.leave(input)).toMatchObject({ status: 'disconnecting', due: { deed: 'disconnect' } });
  expect(await createChannelActivities(later).leave(input)).toMatchObject({ ended: true });
  const byHand = expect.stringContaining('Remove the access') as string;
  expect(await read(channel)).toMatchObject({
    status: 'disconnected',
    revocation: 'failed',
    revocation_help: byHand,
  });
  expect(await stage.context.database.inTenant(TENANT, (tx) => findCredential(tx, channel))).toBeNull();

  await turnServing({ ...stage.context, clock }, { isFirst: false });
  expect(await openIncidents()).toEqual([]);
});

test('the uses of a link are the scopes that the file has for them', async () => {
  const uses = ['read', 'send'];
  expect(await read((await connect('hubspot', 'gil', { uses })).channel)).toMatchObject({ uses });
  const { channel } = await connect('mailchimp', 'gil', { uses });
  expect(await read(channel)).toMatchObject({ uses: ['read'], missing_uses: ['send'] });
});

test('a server that a token answer tells is called only where the file expects it', async () => {
  const { channel } = await connect('acme-desk', 'hal');
  const row = await stage.context.database.inTenant(TENANT, (tx) => findChannel(tx, channel));
  expect(row).toMatchObject({ accountProviderId: 'user-hal' });
  const { likeness, calls } = serverOf('acme-desk');
  const tells = likeness.adds;
  likeness.adds = () => ({ api_url: 'http://127.0.0.1.elsewhere.example' });
  const { returned } = await connect('acme-desk', 'ida');
  if (tells) likeness.adds = tells;
  expect(locationOf(returned).searchParams.get('code')).toBe('provider_error');
  expect(calls.at(-1)).toBe('token 200');
});

const allow = (types: string[]) => api.call('PUT', '/v1/tenants/policied/policy', { access_types: types });

test('every file that ships has its likeness here; those of mail servers are tokens for IMAP', () => {
  const shipped = readdirSync(join(ROOT, 'providers/custom')).filter((name) => name.endsWith('.yaml'));
  const isMail = (file: string) => readFileSync(join(ROOT, 'providers/custom', file), 'utf8').includes('\nimap:');
  const apis = shipped.filter((file) => !isMail(file)).map((file) => file.replace('.yaml', ''));
  expect(CASES.map(({ name }) => name).toSorted()).toEqual(apis.toSorted());
});

test('a policy names the access types of files, as many as there are, and none that is unknown', async () => {
  expect((await allow(['hubspot', 'gmail'])).status).toBe(200);
  const all = ['microsoft', 'exchange', 'imap', 'salesforce', 'gmail', ...ALL.map(({ name }) => name)];
  expect((await allow(all)).status).toBe(200);
  const eleven = [...all, ...all].slice(0, 11);
  expect((await allow(eleven)).status).toBe(200);
  expect((await api.call('POST', '/v1/links', { tenant: 'policied', access_types: eleven.slice(5) })).status).toBe(201);
  expect((await allow(Array.from({ length: 101 }, () => 'gmail'))).status).toBe(400);
  const { status, json } = await allow(['hubspto']);
  expect([status, json.code, json.errors[0].path]).toEqual([400, 'validation_failed', 'access_types.0']);
});

test('an access type of no release and no file is bad input, wherever it is named', async () => {
  const { path: link } = await linksOf(stage, api).makeLink();
  const channel = channelOf(await connectGmail(stage, 'ana@example.com', { tenantId: TENANT }));
  const credential = { refresh_token: secret('refresh-token') };
  const account = { email: 'ana@example.com' };
  const form = { access_type: 'pigeon', username: 'ana@example.com', password: secret('password') };
  const calls = [
    ['POST', '/v1/links', { tenant: TENANT, access_types: ['gmail', 'pigeon'] }, 'access_types.1'],
    ['POST', `/v1/channels/${channel}/reauthorize-links`, { access_types: ['pigeon'] }, 'access_types.0'],
    ['POST', '/v1/channels', { tenant: TENANT, access_type: 'pigeon', account, credential }, 'access_type'],
    ['PUT', `/v1/tenants/${TENANT}/policy`, { access_types: ['pigeon'] }, 'access_types.0'],
    ['GET', '/v1/channels?access_type=pigeon', undefined, 'access_type'],
    ['POST', `${link}/authorize`, { access_type: 'pigeon' }, 'access_type'],
    ['POST', `${link}/password`, form, 'access_type'],
  ] as const;
  for (const [method, path, body, field] of calls) {
    const { status, json } = await api.call(method, path, body);
    expect([path, status, json.code, json.errors?.[0].path]).toEqual([path, 400, 'validation_failed', field]);
    expect(json.detail).toContain('expected one of gmail, ');
  }
});
