import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkChannel } from '../../credentials/check.ts';
import { Secret } from '../../domain/secret.ts';
import { serverKeyOf } from '../../domain/server.ts';
import type { Server } from '../../domain/server.ts';
import type { Context } from '../../runtime/context.ts';
import type { Provider } from '../../providers/contract.ts';
import { browse, startApi } from '../support/api.ts';
import { secret } from '../support/minting.ts';
import { raiseApi } from './raise-api.ts';
import type { RaisedApi } from './raise-api.ts';
import { linksOf } from './links-of.ts';

/* The server that a password is for, as it is named, stored, shown and used again. */

const PASSWORD = secret('password');
const TENANT = 'acme';
const EWS_URL = 'https://mail.example.com/EWS/Exchange.asmx';

let raised: RaisedApi;
beforeAll(async () => {
  raised = await raiseApi();
}, 60_000);
afterAll(() => raised?.close());

const check = (context: Context, channelId: string) => checkChannel(context, { tenantId: TENANT, channelId });

/** An adapter for Exchange servers: they are named by URL, and behind each is the sandbox's IMAP server. */
function exchangeOf({ stage }: RaisedApi, opened: Server[]): Provider {
  const imap = stage.context.providers.get('imap');
  if (!imap?.signIn.password) throw new Error('IMAP has to be configured');
  const { host, port, security } = stage.imap;
  return {
    ...imap,
    name: 'exchange',
    accessType: 'exchange',
    words: { ...imap.words, label: 'Exchange' },
    signIn: {
      oauth: [],
      password: {
        server: { asks: 'url', label: 'Address of the Exchange server', example: EWS_URL },
        notes: [],
        revocationHelp: '',
        serverKey: (server) => serverKeyOf(server, [443]),
        discover: async ({ email }, { url }) => {
          const found = email.endsWith('@found.example.com') ? EWS_URL : undefined;
          return url || found ? { kind: 'ews', url: url ?? found ?? '' } : null;
        },
      },
    },
    async openSession(access, signal) {
      if (access.kind !== 'password') throw new TypeError('Exchange is opened with a password');
      opened.push(access.server);
      const { server } = access;
      const session = await imap.openSession({ ...access, server: { kind: 'imap', host, port, security } }, signal);
      const serverKey = serverKeyOf(server, [443]);
      return { ...session, identify: async () => ({ ...(await session.identify()), serverKey }) };
    },
  };
}

describe('the server of a password', () => {
  test('an address is named, found, stored, shown and used again', async () => {
    const opened: Server[] = [];
    const exchange = exchangeOf(raised, opened);
    const context = { ...raised.stage.context, providers: new Map([['exchange' as const, exchange]]) };
    const api = await startApi(context);
    const links = linksOf(raised.stage, api);
    const link = await links.makeLink();
    const email = 'eva@url.example.com';
    await raised.stage.sandbox.account('imap', email, { password: PASSWORD });
    const form = { access_type: 'exchange', username: email, password: PASSWORD };
    const page = browse(api);

    const session = await page('GET', `${link.path}/session`);
    expect(session.json.sign_in[0].password.server).toMatchObject({ asks: 'url', example: EWS_URL });
    expect(await page('POST', `${link.path}/password`, form)).toMatchObject({
      json: { code: 'server_not_found', detail: expect.stringContaining('expected url') as string },
    });
    const { json } = await page('POST', `${link.path}/password`, { ...form, url: EWS_URL });
    const channelId = json.channel.id as string;
    const again = await links.reauthorizeLink(channelId);
    const shown = (await page('GET', `${again.path}/session`)).json.channel;
    expect(shown.server).toEqual({ kind: 'ews', url: EWS_URL });

    opened.length = 0;
    expect(await check(context, channelId)).toMatchObject({ ok: true });
    expect(opened).toEqual([{ kind: 'ews', url: EWS_URL }]);

    const found = 'fay@found.example.com';
    await raised.stage.sandbox.account('imap', found, { password: PASSWORD });
    const other = await links.makeLink();
    expect(await page('POST', `${other.path}/password`, { ...form, username: found })).toMatchObject({ status: 200 });
    await api.close();
  });

  test('a product hands a password over with the server that the access type asks for', async () => {
    const opened: Server[] = [];
    const exchange = exchangeOf(raised, opened);
    const context = { ...raised.stage.context, providers: new Map([['exchange' as const, exchange]]) };
    const api = await startApi(context);
    const email = 'kim@url.example.com';
    await raised.stage.sandbox.account('imap', email, { password: PASSWORD });
    const { host, port, security } = raised.stage.imap;
    const adopt = (server: object) => {
      const credential = { username: email, password: PASSWORD, ...server };
      return api.call('POST', '/v1/channels', {
        tenant: TENANT,
        access_type: 'exchange',
        account: { email },
        credential,
      });
    };
    expect(await adopt({ host, port, security })).toMatchObject({
      status: 400,
      json: { code: 'validation_failed', errors: [{ message: 'expected username, password and url' }] },
    });
    expect((await adopt({ url: EWS_URL })).status).toBe(201);
    expect(opened).toEqual([{ kind: 'ews', url: EWS_URL }]);
    await api.close();
  });

  test('a channel of an earlier release, whose server has no kind, goes on as IMAP', async () => {
    const { stage, api, links, sql } = raised;
    const { host, port, security } = stage.imap;
    const email = 'old@imap.example.com';
    await stage.sandbox.account('imap', email, { password: PASSWORD });
    const link = await links.makeLink({ access_types: ['imap'] });
    const body = { access_type: 'imap', username: email, password: PASSWORD, host, port, security };
    const { json } = await browse(api)('POST', `${link.path}/password`, body);
    const channelId = json.channel.id as string;
    const server = { host, port, security };
    const sealed = await stage.context.vault.seal(
      new Secret(JSON.stringify({ username: email, password: PASSWORD, server })),
      { tenant: TENANT, owner: channelId, kind: 'refresh_secret', version: 1 },
    );
    await sql`update channels set server = server - 'kind' where id = ${channelId}`;
    await sql`update credentials set sealed_secret = ${sealed} where channel_id = ${channelId}`;

    expect(await check(stage.context, channelId)).toMatchObject({ ok: true });
    const again = await links.reauthorizeLink(channelId);
    const page = await browse(api)('GET', `${again.path}/session`);
    expect(page.json.channel.server).toEqual({ kind: 'imap', ...server });
  });
});
