import { expect } from 'vitest';
import { browse } from '../support/api.ts';
import type { Api, ApiAnswer } from '../support/api.ts';
import { secret } from '../support/minting.ts';
import type { Stage } from '../support/stage.ts';

type Browser = ReturnType<typeof browse>;

/** Where a callback sent the browser, and the `code` in it. */
export const locationOf = (answer: ApiAnswer) => new URL(answer.headers.get('location') ?? '');
export const codeOf = (answer: ApiAnswer) => locationOf(answer).searchParams.get('code');

/** Where this browser is sent to sign in. */
async function authorizationUrl(browser: Browser, path: string): Promise<string> {
  const { status, json, text } = await browser('POST', `${path}/authorize`, { access_type: 'gmail' });
  if (status !== 200) throw new Error(text);
  return json.authorization_url;
}

/** What people and the product do with links, over HTTP alone. */
export function linksOf(stage: Stage, api: Api) {
  async function makeLink(more: Record<string, unknown> = {}) {
    const { status, json } = await api.call('POST', '/v1/links', { tenant: 'acme', ...more });
    expect(status).toBe(201);
    return { id: json.id as string, path: new URL(json.url).pathname };
  }

  async function reauthorizeLink(channel: string, more: Record<string, unknown> = {}) {
    const { json } = await api.call('POST', `/v1/channels/${channel}/reauthorize-links`, more);
    return { id: json.id as string, path: new URL(json.url).pathname };
  }

  /** Goes to Google as `email` and comes back. */
  async function signIn(browser: Browser, path: string, email: string, consent: object = {}): Promise<ApiAnswer> {
    await stage.sandbox.account('google', email, { password: secret('password') });
    const back = await stage.sandbox.consent(await authorizationUrl(browser, path), email, consent);
    return browser('GET', back);
  }

  async function connect(email: string, tenant = 'acme'): Promise<string> {
    const link = await makeLink({ tenant, access_types: ['gmail'] });
    const returned = await signIn(browse(api), link.path, email);
    return locationOf(returned).searchParams.get('channel') ?? '';
  }

  const resultOf = async (id: string) => (await api.call('GET', `/v1/links/${id}`)).json.result;

  return { makeLink, reauthorizeLink, authorizationUrl, signIn, connect, resultOf };
}
