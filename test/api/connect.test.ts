import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browse, startApi } from '../support/api.ts';
import type { Api } from '../support/api.ts';
import { raiseStage } from '../support/stage.ts';
import type { Stage } from '../support/stage.ts';

let stage: Stage;
let api: Api;

beforeAll(async () => {
  stage = await raiseStage();
  api = await startApi(stage.context);
});
afterAll(async () => {
  await api?.close();
  await stage?.close();
});

async function makeLink(more: Record<string, unknown> = {}) {
  const { status, json } = await api.call('POST', '/v1/links', { tenant: 'acme', ...more });
  expect(status).toBe(201);
  return { id: json.id as string, path: new URL(json.url).pathname };
}

describe('connecting with OAuth', () => {
  test('a link, a consent, and a channel that is visible', async () => {
    await stage.sandbox.account('google', 'ana@example.com', { password: 'correct horse' });
    const link = await makeLink({ access_types: ['gmail'] });
    const browser = browse(api);
    const { json: session } = await browser('GET', `${link.path}/session`);
    expect(session).toMatchObject({
      purpose: 'connect',
      access_types: ['gmail'],
      tenant: 'acme',
      done: false,
      result: null,
    });
    const { json } = await browser('POST', `${link.path}/authorize`, { access_type: 'gmail' });
    const back = await stage.sandbox.consent(json.authorization_url, 'ana@example.com');
    const returned = await browser('GET', back);
    expect(returned.status).toBe(303);
    const location = new URL(returned.headers.get('location') ?? '');
    expect(location.pathname).toBe(link.path);
    expect(location.searchParams.get('status')).toBe('connected');
    const id = location.searchParams.get('channel');
    const channel = await api.call('GET', `/v1/channels/${id}`);
    expect(channel.json).toMatchObject({
      id,
      tenant: 'acme',
      access_type: 'gmail',
      status: 'connected',
      credential_version: 1,
    });
    const listed = await api.call('GET', '/v1/channels?tenant=acme');
    expect(listed.json.data).toEqual([channel.json]);
    const token = await api.call('GET', `/v1/channels/${id}/access-token`);
    expect(token.json).toMatchObject({ version: 1, token_type: 'Bearer' });
    expect(await api.call('GET', `/v1/links/${link.id}`)).toMatchObject({
      json: { done: true, result: { status: 'connected', channel: id } },
    });
  });
});
