import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { loadServerCertificate } from '../../sandbox/certificate.ts';
import { challengeTo } from '../../sandbox/exchange/login/ntlm.ts';
import { raiseApi } from '../api/raise-api.ts';
import type { RaisedApi } from '../api/raise-api.ts';
import { importing } from '../imports/importing.ts';
import { browse } from '../support/api.ts';
import { secret } from '../support/minting.ts';

/* A proxy that ends TLS before Exchange makes Extended Protection refuse NTLM. Basic is a person's choice then, and lasts. */

const PASSWORD = secret('exchange-password');
let raised: RaisedApi;
beforeAll(async () => {
  raised = await raiseApi();
}, 60_000);
afterAll(() => raised?.close());

const signIn = (path: string, username: string, more: object = {}) =>
  browse(raised.api)('POST', `${path}/password`, { access_type: 'exchange', username, password: PASSWORD, ...more });
const loginsOf = async (email: string) =>
  (await raised.stage.sandbox.requests('exchange', 'login', email)).map(
    ({ operation, status }) => `${operation} ${status}`,
  );

/** An account behind such a proxy. */
async function behindProxy(name: string): Promise<string> {
  const email = `${name}@contoso.example`;
  await raised.stage.sandbox.account('exchange', email, { password: PASSWORD });
  await raised.stage.sandbox.fault('exchange', email, 'proxy_ends_tls');
  return email;
}

test('a refused NTLM login offers Basic, which the channel keeps to', async () => {
  const { stage, links, api } = raised;
  const email = await behindProxy('chosen');
  const url = stage.exchangeUrl;
  const link = await links.makeLink();
  const refused = await signIn(link.path, email, { url });
  const offer = { code: 'authentication_failed', alternative: 'basic' };
  expect(refused).toMatchObject({ status: 422, json: offer });
  expect(await links.resultOf(link.id)).toMatchObject({ status: 'failed', ...offer });
  expect(await loginsOf(email)).toEqual(['NTLM 401']);

  const { json } = await signIn(link.path, email, { url, authentication: 'basic' });
  const server = { kind: 'ews', url, authentication: 'basic' };
  expect(json.channel).toMatchObject({ status: 'connected', server });
  const channelId = json.channel.id as string;
  await importing(stage.context).settle(channelId);
  await stage.sandbox.deliver('exchange', email, 3);
  await importing(stage.context).settle(channelId);
  expect(await importing(stage.context).stored(channelId)).toHaveLength(3);

  const again = await links.reauthorizeLink(channelId);
  expect((await signIn(again.path, email)).json.channel).toMatchObject({ id: channelId, server });
  expect((await loginsOf(email)).filter((login) => login !== 'Basic 200')).toEqual(['NTLM 401']);

  // Another address is asked by the scheme that it prefers.
  const named = await links.reauthorizeLink(channelId);
  expect((await signIn(named.path, email, { url })).json).toMatchObject(offer);
  expect((await api.call('GET', `/v1/channels/${channelId}`)).json.server).toEqual(server);
});

test('an adoption names Basic, and is told of it', async () => {
  const { stage, api } = raised;
  const email = await behindProxy('adopted');
  const adopt = (more: object) =>
    api.call('POST', '/v1/channels', {
      tenant: 'acme',
      access_type: 'exchange',
      account: { email },
      credential: { username: email, password: PASSWORD, url: stage.exchangeUrl, ...more },
    });
  expect(await adopt({})).toMatchObject({ status: 422, json: { alternative: 'basic' } });
  expect(await adopt({ authentication: 'basic' })).toMatchObject({
    status: 201,
    json: { server: { authentication: 'basic' } },
  });
});

test('a wrong password by Basic offers nothing more, and IMAP has no such choice', async () => {
  const { stage, links } = raised;
  const email = await behindProxy('wrong');
  const link = await links.makeLink();
  const wrong = { url: stage.exchangeUrl, authentication: 'basic', password: secret('wrong-password') };
  const refused = await signIn(link.path, email, wrong);
  expect(refused).toMatchObject({ status: 422, json: { code: 'authentication_failed' } });
  expect(refused.json).not.toHaveProperty('alternative');
  const imap = await signIn(link.path, email, { access_type: 'imap', authentication: 'basic' });
  expect(imap.json).toMatchObject({ code: 'not_supported_yet' });
});

test('a server that does not offer Basic gets no password, and no person is offered it', async () => {
  const { stage, links } = raised;
  const { key, certificate } = await loadServerCertificate(dirname(stage.imap.ca_file));
  const headers: string[] = [];
  const server = createServer({ key, cert: certificate }, (request, response) => {
    const { authorization = '' } = request.headers;
    headers.push(authorization.split(' ')[0] ?? '');
    const message = Buffer.from(authorization.slice(5), 'base64');
    const isFirst = authorization.startsWith('NTLM') && message[8] === 1;
    const challenge = isFirst ? ` ${challengeTo(message, new Date()).challenge.toString('base64')}` : '';
    request.resume().on('end', () => response.writeHead(401, { 'www-authenticate': `NTLM${challenge}` }).end());
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/EWS/Exchange.asmx`;
  try {
    const refused = await signIn((await links.makeLink()).path, 'ana@contoso.example', { url });
    expect(refused.json).toMatchObject({ code: 'authentication_failed' });
    expect(refused.json).not.toHaveProperty('alternative');
    expect(headers.splice(0)).toEqual(['NTLM', 'NTLM']);
    const basic = { url, authentication: 'basic' };
    expect((await signIn((await links.makeLink()).path, 'ana@contoso.example', basic)).status).not.toBe(200);
    expect(headers).toEqual(['']);
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
