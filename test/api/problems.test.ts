import { readFileSync, readdirSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { failureOf } from '../../api/connect/sign-in-failure.ts';
import { PROBLEMS } from '../../api/http/problem.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { createEgressGuard } from '../../net/egress.ts';
import { createImapProvider } from '../../providers/imap/adapter.ts';
import { browse, startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { secret } from '../support/minting.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';
import { linksOf } from './links-of.ts';

const PASSWORD = secret('password');

/* The problem codes that no other test of the API meets on its way, each over HTTP; and that none is left out. */

let stage: Stage;
let api: Api;
let links: ReturnType<typeof linksOf>;
beforeAll(async () => {
  stage = await raiseStage();
  const { egress, certificateAuthorities } = stage.context.config.providers;
  const imap = createImapProvider({ egress: createEgressGuard(egress), certificateAuthorities, timeoutMs: 500 });
  api = await startApi({ ...stage.context, providers: new Map([...stage.context.providers, ['imap', imap]]) });
  links = linksOf(stage, api);
});
afterAll(async () => {
  await api?.close();
  await stage?.close();
});

/** A TCP server that treats every client alike. */
async function listen(treat: (socket: Socket) => void) {
  const server = createServer((socket) => treat(socket.on('error', () => {}))).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

async function signIn(more: Record<string, unknown>) {
  const link = await links.makeLink({ access_types: ['imap'] });
  const { host, port, security } = stage.imap;
  const form = { access_type: 'imap', username: 'ivy@example.com', password: PASSWORD, host, port, security };
  return browse(api)('POST', `${link.path}/password`, { ...form, ...more });
}

describe('a server named by a person', () => {
  test('timeout, connection_lost, tls_failed, wrong_protocol, wrong_security: nothing is stored, and the code says what it was', async () => {
    const silent = await listen(() => {});
    const hasty = await listen((socket) => socket.resetAndDestroy());
    const talkative = await listen((socket) => socket.write('this is not TLS\r\n'));
    const smtp = await listen((socket) => socket.write('220 mail.example.com ESMTP\r\n'));
    const plain = await listen((socket) => socket.write('* OK ready\r\n'));
    const answers = {
      wrong_protocol: await signIn({ port: smtp.port }),
      wrong_security: await signIn({ port: plain.port, security: 'tls' }),
      timeout: await signIn({ port: silent.port }),
      connection_lost: await signIn({ port: hasty.port }),
      tls_failed: await signIn({ port: talkative.port, security: 'tls' }),
    };
    for (const [code, answer] of Object.entries(answers)) expect(answer, code).toMatchObject({ json: { code } });
    for (const { close } of [silent, hasty, talkative, smtp, plain]) close();
    expect((await api.call('GET', '/v1/channels')).json.data).toEqual([]);
  });

  test('unreachable: the network’s own word, which no server on this machine can be made to say', () => {
    const verdict = {
      kind: 'transient',
      reason: 'network',
      retryAfterMs: null,
      providerCode: 'unreachable',
      vague: false,
      tokenRefused: false,
    } as const;
    expect(failureOf(new ProviderError('no route', verdict), 'password')).toMatchObject({ code: 'unreachable' });
  });

  test('account_disabled and mailbox_unavailable: the account’s trouble, not a wrong password', async () => {
    await stage.sandbox.account('imap', 'ivy@example.com', { password: PASSWORD });
    for (const fault of ['account_disabled', 'mailbox_unavailable']) {
      const { id } = await stage.sandbox.fault('imap', 'ivy@example.com', fault);
      expect(await signIn({}), fault).toMatchObject({ status: 422, json: { code: fault } });
      await stage.sandbox.mend(id);
    }
  });
});

const adopt = (caller = api) =>
  caller.call('POST', '/v1/channels', {
    tenant: 'acme',
    access_type: 'gmail',
    account: { email: 'ivy@example.com' },
    credential: { refresh_token: secret('refresh-token') },
  });

describe('an adopted token', () => {
  test('app_credentials_invalid and provider_unavailable: not the token’s fault', async () => {
    await stage.sandbox.fault('google', null, 'app_credentials_invalid', { kind: 'token', times: 1 });
    expect(await adopt()).toMatchObject({ status: 503, json: { code: 'app_credentials_invalid' } });
    await stage.sandbox.fault('google', null, 'unavailable', { kind: 'token', times: 1 });
    expect(await adopt()).toMatchObject({ status: 503, json: { code: 'provider_unavailable', retryable: true } });
  });

  test('internal_error: says nothing of what went wrong inside', async () => {
    const gmail = api.context.providers.get('gmail');
    const [oauth] = gmail?.signIn.oauth ?? [];
    if (!gmail || !oauth) throw new Error('Gmail is not configured');
    const broken = {
      ...gmail,
      signIn: {
        ...gmail.signIn,
        oauth: [{ ...oauth, refreshRequest: () => Promise.reject(new Error('a bug of ours')) }],
      },
    };
    const other = await startApi({ ...stage.context, logger: SILENT(), providers: new Map([['gmail', broken]]) });
    const answer = await adopt(other);
    await other.close();
    expect(answer).toMatchObject({ status: 500, json: { code: 'internal_error' } });
    expect(answer.text).not.toContain('a bug of ours');
  });
});

const SILENT = () => stage.context.logger.child({}, { level: 'silent' });

describe('a request', () => {
  test('unsupported_media_type: a body has to say that it is JSON', async () => {
    const answer = await api.call('POST', '/v1/links', 'tenant=acme', {
      'content-type': 'application/x-www-form-urlencoded',
    });
    expect(answer).toMatchObject({ status: 415, json: { code: 'unsupported_media_type' } });
  });

  test('host_not_allowed: no answer under another name', async () => {
    const { port } = new URL(api.url);
    const text = await new Promise<string>((resolve, reject) => {
      httpRequest({ host: '127.0.0.1', port, path: '/v1/channels', headers: { host: 'evil.example' } }, (answer) => {
        let body = '';
        answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
        answer.on('end', () => resolve(body));
      })
        .on('error', reject)
        .end();
    });
    expect(JSON.parse(text)).toMatchObject({ status: 421, code: 'host_not_allowed' });
  });
});

test('every problem code stands in a test of the API', () => {
  const folders = ['api', 'connections', 'sending', 'webhooks'].map((name) => join(import.meta.dirname, '..', name));
  const files = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
  const text = files.map((file) => readFileSync(file, 'utf8')).join('\n');
  expect(Object.keys(PROBLEMS).filter((code) => !new RegExp(`\\b${code}\\b`).test(text))).toEqual([]);
});
