import { createHash, randomBytes } from 'node:crypto';
import type { SandboxAddresses } from '../../sandbox/sandbox.ts';
import type { Answer, Delivered } from './google-app.ts';

const MAIL_READ = 'https://graph.microsoft.com/Mail.Read';
export const SCOPES = `openid profile email offline_access User.Read ${MAIL_READ}`;
export const REDIRECT_URI = 'http://127.0.0.1:9999/oauth/microsoft/callback';
export const IMMUTABLE = { prefer: 'IdType="ImmutableId"' };

export interface MicrosoftTokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly id_token: string;
  readonly scope: string;
  readonly expires_in: number;
}

/** What of a page of a listing tests look at. */
interface Page {
  readonly value: readonly (Record<string, unknown> & { readonly id: string })[];
  readonly '@odata.nextLink'?: string;
  readonly '@odata.deltaLink'?: string;
}

/** An app that speaks to Entra and Graph over the wire alone, and a script that plays Microsoft's side. */
export class MicrosoftApp {
  readonly microsoft: Record<string, string>;
  readonly control: string;
  readonly verifier = randomBytes(32).toString('base64url');

  constructor(addresses: Pick<SandboxAddresses, 'control' | 'microsoft'>) {
    this.microsoft = addresses.microsoft as Record<string, string>;
    this.control = addresses.control;
  }

  async fetch(url: string, init: RequestInit = {}): Promise<Answer> {
    const answer = await fetch(url, { redirect: 'manual', ...init });
    const text = await answer.text();
    const isJson = answer.headers.get('content-type')?.includes('json') === true && text !== '';
    return { status: answer.status, headers: answer.headers, text, json: isJson ? JSON.parse(text) : undefined };
  }

  call(method: string, path: string, body?: unknown): Promise<Answer> {
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
    return this.ok('POST', '/faults', { provider: 'microsoft', fault, ...more });
  }

  account(email: string, details: Record<string, unknown> = {}): Promise<unknown> {
    return this.ok('PUT', `/accounts/microsoft/${email}`, details);
  }

  deliver(email: string, count: number, more: Record<string, unknown> = {}): Promise<Delivered[]> {
    return this.ok('POST', `/accounts/microsoft/${email}/messages`, { count, ...more }).then((json) => json.messages);
  }

  move(email: string, id: string | undefined, folder: string): Promise<Delivered> {
    return this.ok('PATCH', `/accounts/microsoft/${email}/messages/${id}`, { folder });
  }

  requests(
    query: string,
  ): Promise<{ kind: string; status: number | null; email: string | null; operation?: string }[]> {
    return this.ok('GET', `/requests?provider=microsoft&${query}`).then((json) => json.data);
  }

  authority(tenant: string, path: string): string {
    return `${this.microsoft['authority_url']}/${tenant}/${path}`;
  }

  authorizationUrl(more: Record<string, string | undefined> = {}, tenant = 'common'): string {
    const parameters: Record<string, string | undefined> = {
      client_id: this.microsoft['client_id'],
      redirect_uri: REDIRECT_URI,
      response_type: 'code',
      scope: SCOPES,
      state: 'state/1',
      nonce: 'nonce-1',
      code_challenge: createHash('sha256').update(this.verifier).digest('base64url'),
      code_challenge_method: 'S256',
      prompt: 'select_account',
      ...more,
    };
    return this.addressOf(this.authority(tenant, 'oauth2/v2.0/authorize'), parameters);
  }

  adminConsentUrl(tenant: string, more: Record<string, string | undefined> = {}): string {
    return this.addressOf(this.authority(tenant, 'v2.0/adminconsent'), {
      client_id: this.microsoft['client_id'],
      redirect_uri: `${REDIRECT_URI}/admin`,
      scope: `User.Read ${MAIL_READ}`,
      state: 'admin/1',
      ...more,
    });
  }

  private addressOf(base: string, parameters: Record<string, string | undefined>): string {
    const url = new URL(base);
    for (const [name, value] of Object.entries(parameters)) if (value !== undefined) url.searchParams.set(name, value);
    return url.href;
  }

  async consent(email: string, more: Record<string, unknown> = {}, url = this.authorizationUrl()): Promise<URL> {
    return new URL((await this.ok('POST', '/consent', { authorization_url: url, email, ...more })).redirect_to);
  }

  token(form: Record<string, string | undefined>, tenant = 'common'): Promise<Answer> {
    const { client_id, client_secret } = this.microsoft;
    const given = Object.entries({ client_id, client_secret, ...form }).filter(([, value]) => value !== undefined);
    return this.fetch(this.authority(tenant, 'oauth2/v2.0/token'), {
      method: 'POST',
      body: new URLSearchParams(given as [string, string][]),
    });
  }

  exchange(code: string | null, more: Record<string, string | undefined> = {}, tenant = 'common'): Promise<Answer> {
    return this.token(
      {
        grant_type: 'authorization_code',
        code: code ?? '',
        redirect_uri: REDIRECT_URI,
        code_verifier: this.verifier,
        ...more,
      },
      tenant,
    );
  }

  /** Signs in and answers with the tokens. */
  async connect(
    email: string,
    { tenant = 'common', authorize = {}, token = {} }: ConnectOptions = {},
  ): Promise<MicrosoftTokens> {
    const back = await this.consent(email, {}, this.authorizationUrl(authorize, tenant));
    const answer = await this.exchange(back.searchParams.get('code'), token, tenant);
    if (answer.status !== 200) throw new Error(`exchange: ${back.href} ${answer.text}`);
    return answer.json;
  }

  refresh(
    refreshToken: string,
    more: Record<string, string | undefined> = {},
    tenant = 'organizations',
  ): Promise<Answer> {
    return this.token({ grant_type: 'refresh_token', refresh_token: refreshToken, ...more }, tenant);
  }

  graph(path: string, accessToken: string, init: GraphInit = {}): Promise<Answer> {
    const url = path.startsWith('http') ? path : `${this.microsoft['graph_api_url']}/${path}`;
    return this.fetch(url, {
      ...(init.method === undefined ? {} : { method: init.method }),
      ...(init.json === undefined ? {} : { body: JSON.stringify(init.json) }),
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json', ...init.headers },
    });
  }

  /** All pages from `path` on, and the deltaLink at the end of a round. */
  async pages(path: string, accessToken: string, headers: Record<string, string> = {}): Promise<Pages> {
    const items: Page['value'][number][] = [];
    let pages = 0;
    for (let next: string | undefined = path; next !== undefined;) {
      const answer: Answer = await this.graph(next, accessToken, { headers });
      if (answer.status !== 200) throw new Error(`${next}: ${answer.status} ${answer.text}`);
      const page = answer.json as Page;
      items.push(...page.value);
      pages += 1;
      next = page['@odata.nextLink'];
      if (next === undefined) return { items, pages, deltaLink: page['@odata.deltaLink'] ?? '' };
    }
    throw new Error('no page at all');
  }
}

interface ConnectOptions {
  readonly tenant?: string;
  readonly authorize?: Record<string, string | undefined>;
  readonly token?: Record<string, string | undefined>;
}

interface GraphInit {
  readonly method?: string;
  readonly json?: unknown;
  readonly headers?: Record<string, string>;
}

export interface Pages {
  readonly items: readonly Page['value'][number][];
  readonly pages: number;
  readonly deltaLink: string;
}
