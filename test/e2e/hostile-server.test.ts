import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { slowestAnswers } from '../support/answer-times.ts';
import { connectOverApi } from '../support/api-sign-in.ts';
import { keepAnswer } from '../support/kept-answers.ts';
import { secret } from '../support/minting.ts';
import { startMooring, START_TIMEOUT_MS } from '../support/mooring.ts';
import type { Mooring } from '../support/mooring.ts';

/** Others' answers while a mail server does its worst, in ms; a busy machine is as slow without it, which is allowed for. */
const MOST_MS = 250;
const MOST_TIMES_CALM = 5;
const CALM_MS = 3_000;
const PASSWORD = secret('password');

interface Answer {
  status: number;
  body: { code?: string; detail?: string; channel?: { id: string } };
}

describe('a mail server that chooses sizes', { timeout: 180_000 }, () => {
  let hostile: ChildProcess;
  let port = 0;
  let mooring: Mooring;
  let others = '';
  beforeAll(async () => {
    hostile = fork(join(import.meta.dirname, '../support/hostile-imap.ts'));
    const [told] = (await once(hostile, 'message')) as [{ port: number; caFile: string }];
    ({ port } = told);
    mooring = await startMooring({ MOORING_CA_FILE: told.caFile, MOORING_POLL_SECONDS: '5' });
    others = await connectOverApi(mooring, { accessType: 'gmail', email: 'other@example.com' });
  }, START_TIMEOUT_MS);
  afterAll(async () => {
    hostile?.kill();
    await mooring?.stop();
  }, 120_000);

  async function signIn(persona: string): Promise<Answer> {
    const email = `${persona}@hostile.example`;
    const { url } = await mooring.call<{ url: string }>('POST', '/v1/links', {
      tenant: 'hostile',
      access_types: ['imap'],
      owner: { email },
    });
    const form = { access_type: 'imap', username: email, password: PASSWORD, host: '127.0.0.1', port, security: 'tls' };
    const answer = await fetch(`${url}/password`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(form),
    });
    const { status, headers } = answer;
    const text = await answer.text();
    keepAnswer({ method: 'POST', url, status, headers, body: text });
    return { status, body: JSON.parse(text) as Answer['body'] };
  }

  async function connect(persona: string): Promise<string> {
    const { status, body } = await signIn(persona);
    expect(status, `${persona}: ${JSON.stringify(body)}`).toBe(200);
    return body.channel?.id ?? '';
  }

  const has = (channel: string, count: number) =>
    vi.waitUntil(
      async () =>
        (await mooring.call<{ data: unknown[] }>('GET', `/v1/messages?channel=${channel}`)).data.length === count,
      { timeout: 90_000, interval: 500 },
    );
  const isDegraded = (channel: string) =>
    vi.waitUntil(
      async () => (await mooring.call<{ status: string }>('GET', `/v1/channels/${channel}`)).status === 'degraded',
      { timeout: 90_000, interval: 500 },
    );

  it('keeps no one else waiting: their answers come within 250 ms', async () => {
    const headers = { authorization: `Bearer ${mooring.run.api_key}` };
    const watched = [
      { name: 'healthz', url: `${mooring.run.api}/healthz` },
      { name: 'token', url: `${mooring.run.api}/v1/channels/${others}/access-token`, headers },
    ];
    const calm = await slowestAnswers(watched, () => new Promise((resolve) => setTimeout(resolve, CALM_MS)));
    const worst = await slowestAnswers(watched, async () => {
      const slow = signIn('slow');
      const brimming = ['folders-10000', 'folders-100000', 'folders-3000', 'names'];
      const channels: string[] = [];
      for (const persona of [...brimming, 'headers', 'search', 'literal']) channels.push(await connect(persona));
      for (const persona of ['capabilities', 'line', 'exists', 'brackets', 'flags', 'number']) {
        const { status, body } = await signIn(persona);
        expect([persona, status >= 400 && status < 500, body.code]).toEqual([persona, true, expect.any(String)]);
      }
      hostile.send('deliver');
      const [headersChannel = '', search = '', literal = ''] = channels.slice(brimming.length);
      for (const channel of channels.slice(0, brimming.length)) await has(channel, 1);
      await has(headersChannel, 6);
      await Promise.all([search, literal].map(isDegraded));
      expect(await slow).toMatchObject({ status: 422, body: { code: 'timeout' } });
    });
    const mostMs = (name: string) => Math.max(MOST_MS, MOST_TIMES_CALM * (calm[name] ?? 0));
    expect(Object.entries(worst).filter(([name, ms]) => ms > mostMs(name))).toEqual([]);
  });
});
