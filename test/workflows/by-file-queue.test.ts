import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { turnServing } from '../../background/serving.ts';
import { askFor } from '../../channels/wake.ts';
import type { Context } from '../../runtime/context.ts';
import { createWorkers } from '../../temporal-workers.ts';
import { CLIENT_ID, startCertifiedServer } from '../providers/custom/certified-server.ts';
import type { CertifiedServer } from '../providers/custom/certified-server.ts';
import { startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { raiseEngine, until } from '../support/engine.ts';
import type { Engine } from '../support/engine.ts';
import { raiseStage } from '../support/stage.ts';

/* The queue that the access types of files share, on a real Temporal server. */

const NAMES = ['gone-desk', 'quick-desk', 'slow-desk'];
const TENANTS = ['ada', 'bea', 'cleo', 'dora', 'eve'];
/** Of each tenant; together more than a process has slots for in the queue. */
const HANGING = 9;
const SERVED_MS = 6 * 60_000;

const fileOf = (name: string) => `name: ${name}
label: ${name}
servers:
  login: https://${name}.example
authorization:
  url: \${login}/authorize
token:
  url: \${login}/token
revocation:
  url: \${login}/revoke
  help: Remove the app.
identity:
  url: \${login}/me
  id: id
  email: email
`;

const servers = new Map<string, CertifiedServer>();
let engine: Engine;
let api: Api;

beforeAll(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'mooring-providers-'));
  const variables: Record<string, string> = { MOORING_PROVIDERS_DIR: folder };
  for (const name of NAMES) {
    writeFileSync(join(folder, `${name}.yaml`), fileOf(name));
    const server = await startCertifiedServer({
      routes: { authorization: '/authorize', token: '/token', revocation: '/revoke' },
      clientAuthentication: 'client_secret_post',
      scopes: ['any'],
      refreshTokens: 'same',
      api: { paths: ['/me'], scheme: 'Bearer', answer: (id) => ({ id, email: `${id}@desk.example` }) },
    });
    servers.set(name, server);
    const prefix = name.toUpperCase().replaceAll('-', '_');
    variables[`${prefix}_CLIENT_ID`] = CLIENT_ID;
    variables[`${prefix}_CLIENT_SECRET`] = server.clientSecret;
    variables[`${prefix}_LOGIN_URL`] = server.issuer;
  }
  engine = await raiseEngine(await raiseStage({ variables }), { timeSkipping: false, watching: false });
  api = await startApi(engine.context);
}, 180_000);
afterAll(async () => {
  await api?.close();
  await engine?.close();
  await Promise.all([...servers.values()].map((server) => server.close()));
});

const serverOf = (name: string) => servers.get(name)!;
const read = async (id: string) => (await api.call('GET', `/v1/channels/${id}`)).json;

/** A channel of a grant that the product held. */
async function adopt(name: string, tenant: string, accountId: string): Promise<string> {
  const credential = { refresh_token: await serverOf(name).newToken(accountId, 'RefreshToken'), exclusive: true };
  const account = { email: `${accountId}@desk.example` };
  const { status, json } = await api.call('POST', '/v1/channels', { tenant, access_type: name, account, credential });
  if (status !== 201) throw new Error(JSON.stringify(json));
  return json.id;
}

it('a provider that hangs for many tenants delays no channel of another file', async () => {
  const [quick, ends] = [await adopt('quick-desk', 'quick', 'quick'), await adopt('quick-desk', 'quick', 'ends')];
  const hanging: { tenantId: string; channelId: string }[] = [];
  for (const tenantId of TENANTS) {
    for (let at = 0; at < HANGING; at++) {
      hanging.push({ tenantId, channelId: await adopt('slow-desk', tenantId, `${tenantId}-${at}`) });
    }
  }
  const versions = await Promise.all([quick, ends].map(async (id) => (await read(id)).credential_version));
  const slow = serverOf('slow-desk');
  const release = slow.hold();
  try {
    for (const channel of hanging) await askFor(engine.context, channel, 'refreshRequestedAt');
    await until('hanging refreshes', () => slow.waiting() >= 8);
    await askFor(engine.context, { tenantId: 'quick', channelId: quick }, 'refreshRequestedAt');
    await until('the other refresh', async () => (await read(quick)).credential_version > (versions[0] ?? 0), 120_000);
    expect((await api.call('DELETE', `/v1/channels/${ends}`)).status).toBe(202);
    await until('the other end', async () => (await read(ends)).revocation === 'done', 120_000);
    expect(slow.waiting()).toBeGreaterThan(0);
  } finally {
    release();
  }
  for (const { channelId } of hanging) {
    await until('each refresh', async () => (await read(channelId)).credential_version > 1, 120_000);
  }
}, 300_000);

/** What a process has whose folder lacks the file. */
function withoutFile(): Context {
  const { context } = engine;
  return {
    ...context,
    providers: new Map([...context.providers].filter(([accessType]) => accessType !== 'gone-desk')),
  };
}

/** A turn of a process that has just started, so much later. */
const startLater = (context: Context, ms: number) => {
  const clock = { now: async () => new Date((await engine.context.clock.now()).getTime() + ms) };
  return turnServing({ ...context, clock }, { isFirst: true });
};

it('S-09: a file that was removed is an incident, and its channels can be left; the others go on', async () => {
  const left = await adopt('gone-desk', 'acme', 'left');
  const goesOn = await adopt('quick-desk', 'acme', 'goes-on');
  await turnServing(engine.context, { isFirst: true });
  await engine.stopWorkers();
  const lackingApi = await startApi(withoutFile());
  const workers = await createWorkers(withoutFile(), engine.server.nativeConnection);
  const running = Promise.all(workers.map((worker) => worker.run()));
  try {
    await startLater(withoutFile(), SERVED_MS);
    const { json: open } = await lackingApi.call('GET', '/v1/incidents?scope=client&state=open');
    expect(open.data).toMatchObject([{ access_type: 'gone-desk', action: 'fix_app_credentials', channels: 1 }]);
    await engine.context.database.acrossTenants((tx) =>
      tx.execute(
        sql`update served_access_types set served_until = now() - interval '1 s' where access_type = 'gone-desk'`,
      ),
    );
    await askFor(engine.context, { tenantId: 'acme', channelId: goesOn }, 'refreshRequestedAt');
    await until('the other refresh', async () => (await read(goesOn)).credential_version > 1);
    expect((await lackingApi.call('GET', '/v1/channels?access_type=gone-desk')).json.data).toHaveLength(1);
    expect((await lackingApi.call('DELETE', `/v1/channels/${left}?erase=true`)).status).toBe(202);
    await until('the end', async () => (await read(left)).status === 'disconnected');
    expect(await read(left)).toMatchObject({ revocation: 'failed' });
  } finally {
    for (const worker of workers) worker.shutdown();
    await running;
    await lackingApi.close();
    await engine.startWorkers();
  }
}, 180_000);
