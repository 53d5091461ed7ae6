import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { disconnectChannel } from '../../connections/disconnect-channel.ts';
import { checkChannel } from '../../credentials/check.ts';
import { refreshCredential } from '../../credentials/refresh.ts';
import type { ConnectionContext } from '../../domain/connection-context.ts';
import type { Context } from '../../runtime/context.ts';
import type { OAuthAdapter } from '../../providers/contract.ts';
import { browse, startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { linksOf, locationOf } from './links-of.ts';

/* An adapter that needs to know more of a connection than its token: which instance it is served at, and whose it is. */

const TENANT = 'acme';
const EMAIL = 'ivy@example.com';

/** What the adapter was given, in order. */
const given: [call: string, context: ConnectionContext][] = [];
let instance = 'one';

/** Gmail, as if its token answers named an instance and its profile a directory. */
function withContext(context: Context): Context {
  const gmail = context.providers.get('gmail');
  const [google] = gmail?.signIn.oauth ?? [];
  if (!gmail || !google) throw new Error('Gmail is not configured');
  const oauth: OAuthAdapter = {
    ...google,
    authorizationUrl(request) {
      given.push(['authorize', request.context]);
      return google.authorizationUrl(request);
    },
    exchangeRequest(exchange, signal) {
      given.push(['exchange', exchange.context]);
      return google.exchangeRequest(exchange, signal);
    },
    refreshRequest(grant, signal, beforeWriting) {
      given.push(['refresh', grant.context]);
      return google.refreshRequest(grant, signal, beforeWriting);
    },
    revoke(grant, signal) {
      given.push(['revoke', grant.context]);
      return google.revoke(grant, signal);
    },
    processTokenAnswer: (answer) => ({ ...google.processTokenAnswer(answer), context: { instance } }),
  };
  const provider: typeof gmail = {
    ...gmail,
    signIn: { ...gmail.signIn, oauth: [oauth] },
    async openSession(access, signal) {
      given.push([`session ${access.mailbox}`, access.context]);
      const session = await gmail.openSession(access, signal);
      const identify = async () => ({ ...(await session.identify()), context: { directory: 'acme' } });
      return { ...session, identify };
    },
  };
  return { ...context, providers: new Map([['gmail', provider]]) };
}

let stage: Stage;
let api: Api;
beforeAll(async () => {
  const raised = await raiseStage();
  stage = { ...raised, context: withContext(raised.context) };
  api = await startApi(stage.context);
}, 60_000);
afterAll(async () => {
  await api?.close();
  await stage?.close();
});

describe('the context of a connection', () => {
  test('goes from the token answer to sessions, refreshes, sign-ins and the revocation', async () => {
    const links = linksOf(stage, api);
    const link = await links.makeLink({ kind: 'shared', mailbox: EMAIL });
    const returned = await links.signIn(browse(api), link.path, EMAIL);
    const channelId = locationOf(returned).searchParams.get('channel') ?? '';
    expect(given).toEqual([
      ['authorize', {}],
      ['exchange', {}],
      [`session ${EMAIL}`, { instance: 'one' }],
    ]);

    given.length = 0;
    const known = { instance: 'one', directory: 'acme' };
    instance = 'two';
    const input = { tenantId: TENANT, channelId, accessType: 'gmail', version: 1 } as const;
    expect(await refreshCredential(stage.context, input)).toBe('refreshed');
    expect(await checkChannel(stage.context, { tenantId: TENANT, channelId })).toMatchObject({ ok: true });
    const moved = { instance: 'two', directory: 'acme' };
    expect(given).toEqual([
      ['refresh', known],
      [`session ${EMAIL}`, moved],
    ]);

    given.length = 0;
    const again = await links.reauthorizeLink(channelId);
    await links.signIn(browse(api), again.path, EMAIL);
    expect(given.slice(0, 2)).toEqual([
      ['authorize', moved],
      ['exchange', moved],
    ]);

    given.length = 0;
    await api.call('DELETE', `/v1/channels/${channelId}`);
    await disconnectChannel(stage.context, { tenantId: TENANT, channelId });
    expect(given.at(-1)).toEqual(['revoke', moved]);
  });
});
