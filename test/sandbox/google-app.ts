import { createHash, randomBytes } from 'node:crypto';
import type { SandboxAddresses } from '../../sandbox/sandbox.ts';

export const READONLY = 'https://www.googleapis.com/auth/gmail.readonly';
export const REDIRECT_URI = 'http://127.0.0.1:9999/oauth/google/callback?x=1';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // eslint-disable-next-line typescript/no-explicit-any -- tests look into answers of every shape
  readonly json: any;
}

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token?: string;
  readonly id_token?: string;
  readonly scope: string;
  readonly expires_in: number;
}

/** An app that speaks to the sandbox over the wire alone, and a script that plays the provider's side. */
export class GoogleApp {
  readonly google: Record<string, string>;
  readonly control: string;
  readonly verifier = randomBytes(32).toString('base64url');

  constructor(addresses: Pick<SandboxAddresses, 'control' | 'google'>) {
    this.google = addresses.google as Record<string, string>;
    this.control = addresses.control;
  }

  async fetch(url: string, init: RequestInit = {}): Promise<Answer> {
    const answer = await fetch(url, { redirect: 'manual', ...init });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') === true && text !== '';
    return { status: answer.status, headers: answer.headers, text, json: isJson ? JSON.parse(text) : undefined };
  }

  async call(method: string, path: string, body?: unknown): Promise<Answer> {
    const init =
      body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return this.fetch(`${this.control}/control${path}`, { method, ...init });
  }

  async ok(method: string, path: string, body?: unknown): Promise<Answer['json']> {
    const answer = await this.call(method, path, body);
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  }

  fault(fault: string, more: Record<string, unknown> = {}): Promise<{ id: string }> {
    return this.ok('POST', '/faults', { provider: 'google', fault, ...more });
  }

  deliver(email: string, count: number, more: Record<string, unknown> = {}): Promise<Delivered[]> {
    return this.ok('POST', `/accounts/google/${email}/messages`, { count, ...more }).then((json) => json.messages);
  }

  requests(
    query: string,
  ): Promise<{ kind: string; status: number | null; email: string | null; grant_type?: string; at: string }[]> {
    return this.ok('GET', `/requests?provider=google&${query}`).then((json) => json.data);
  }

  authorizationUrl(more: Record<string, string | undefined> = {}): string {
    const parameters: Record<string, string | undefined> = {
      client_id: this.google['client_id'],
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      scope: `openid email ${READONLY}`,
      state: 'state/1',
      nonce: 'nonce-1',
      code_challenge: createHash('sha256').update(this.verifier).digest('base64url'),
      code_challenge_method: 'S256',
      access_type: 'offline',
      prompt: 'select_account consent',
      ...more,
    };
    const url = new URL(this.google['authorization_url'] ?? '');
    for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
    return url.href;
  }

  async consent(email: string, more: Record<string, unknown> = {}, url = this.authorizationUrl()): Promise<URL> {
    return new URL((await this.ok('POST', '/consent', { authorization_url: url, email, ...more })).redirect_to);
  }

  token(form: Record<string, string | undefined>): Promise<Answer> {
    const { client_id, client_secret } = this.google;
    const given = Object.entries({ client_id, client_secret, ...form }).filter(([, value]) => value !== undefined);
    return this.fetch(this.google['token_url'] ?? '', {
      method: 'POST',
      body: new URLSearchParams(given as [string, string][]),
    });
  }

  exchange(code: string | null, more: Record<string, string | undefined> = {}): Promise<Answer> {
    return this.token({
      grant_type: 'authorization_code',
      code: code ?? '',
      redirect_uri: REDIRECT_URI,
      code_verifier: this.verifier,
      ...more,
    });
  }

  /** Signs in and answers with the tokens. */
  async connect(email: string, more: Record<string, unknown> = {}): Promise<Tokens & { refresh_token: string }> {
    const back = await this.consent(email, more);
    const answer = await this.exchange(back.searchParams.get('code'));
    if (answer.status !== 200) throw new Error(`exchange: ${answer.text}`);
    return answer.json;
  }

  refresh(refreshToken: string): Promise<Answer> {
    return this.token({ grant_type: 'refresh_token', refresh_token: refreshToken });
  }

  gmail(
    path: string,
    accessToken: string,
    init: { method?: string; body?: string; headers?: Record<string, string> } = {},
  ): Promise<Answer> {
    return this.fetch(`${this.google['gmail_api_url']}/gmail/v1/users/me/${path}`, {
      ...init,
      headers: { authorization: `Bearer ${accessToken}`, ...init.headers },
    });
  }
}

export interface Delivered {
  readonly message_id: string;
  readonly provider_id: string;
  readonly folder: string;
}
