import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { AccessType, ProviderName } from '../../domain/access-type.ts';
import { Secret } from '../../domain/secret.ts';
import { createEgressGuard } from '../../net/egress.ts';
import { createPkce } from '../../providers/oauth.ts';
import type { OAuthAdapter, Provider, SessionAccess, TokenSet } from '../../providers/contract.ts';
import { createImapProvider } from '../../providers/imap/adapter.ts';
import { createProviders, PROVIDER_VARIABLES } from '../../providers/registry.ts';
import type { Providers } from '../../providers/registry.ts';
import { startSandbox } from '../../sandbox/sandbox.ts';
import type { RunningSandbox } from '../../sandbox/sandbox.ts';
import type { Account } from './subject.ts';

export const REDIRECT_URI = 'http://127.0.0.1:9/oauth/google/callback';
const NEVER = new AbortController().signal;

export interface Delivered {
  message_id: string;
  provider_id: string;
  folder: string;
}

/** The sandbox on free ports, the adapters configured for it, and its control API. */
export class Stage {
  readonly sandbox: RunningSandbox;
  readonly providers: Providers;
  /** IMAP with the logins of the other providers. */
  readonly tokenImap: Provider;
  readonly #dir: string;

  readonly #receiver: Server;
  readonly #publicUrl: string;

  private constructor(sandbox: RunningSandbox, dir: string, receiver: Server) {
    this.sandbox = sandbox;
    this.#dir = dir;
    this.#receiver = receiver;
    const { port } = receiver.address() as AddressInfo;
    this.#publicUrl = `http://127.0.0.1:${port}`;
    const { tokenImap, providers } = providersAt(sandbox, this.#publicUrl);
    this.providers = providers;
    this.tokenImap = tokenImap;
  }

  /** IMAP after the client of `issuer` has left the environment. */
  tokenImapWithout(issuer: ProviderName): Provider {
    return providersAt(this.sandbox, this.#publicUrl, issuer).tokenImap;
  }

  static async open(): Promise<Stage> {
    const dir = mkdtempSync(join(tmpdir(), 'mooring-providers-'));
    return new Stage(await startSandbox({ dir, port: 0 }), dir, await openReceiver());
  }

  async close(): Promise<void> {
    await this.sandbox.close();
    this.#receiver.close();
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async control<Answer>(method: string, path: string, body?: unknown): Promise<Answer> {
    const init =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const answer = await fetch(`${this.sandbox.addresses.control}/control${path}`, { method, ...init });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (answer.status === 204 ? undefined : await answer.json()) as Answer;
  }

  get oauth(): OAuthAdapter {
    return this.oauthOf('gmail');
  }

  providerOf(accessType: AccessType): Provider {
    const provider = this.providers.get(accessType);
    if (!provider) throw new Error(`${accessType} is not configured`);
    return provider;
  }

  /** An account from its provider's side. */
  accountAt(provider: string, email: string): Pick<Account, 'deliver' | 'remove' | 'fault'> {
    const path = `/accounts/${provider}/${email}/messages`;
    return {
      deliver: async (count, more = {}) =>
        (await this.control<{ messages: Delivered[] }>('POST', path, { count, ...more })).messages,
      remove: (id) => this.control('DELETE', `${path}/${encodeURIComponent(id)}`),
      fault: (fault, more = {}) => this.control('POST', '/faults', { provider, email, fault, ...more }),
    };
  }

  oauthOf(accessType: AccessType): OAuthAdapter {
    const [oauth] = this.providerOf(accessType).signIn.oauth;
    if (!oauth) throw new Error(`${accessType} is not configured`);
    return oauth;
  }

  signInAtGoogle(email: string, scopes?: string[]): Promise<TokenSet> {
    return this.signIn('gmail', email, { scopes });
  }

  /** Consents as that person and exchanges the code. */
  async signIn(
    accessType: AccessType,
    email: string,
    {
      scopes,
      isShared = false,
      oauth = this.oauthOf(accessType),
    }: { scopes?: string[] | undefined; isShared?: boolean; oauth?: OAuthAdapter } = {},
  ): Promise<TokenSet> {
    const { codeVerifier, codeChallenge } = createPkce();
    const url = oauth.authorizationUrl({
      redirectUri: REDIRECT_URI,
      state: 'st',
      codeChallenge,
      uses: ['read'],
      loginHint: email,
      isShared,
      context: {},
    });
    const { redirect_to } = await this.control<{ redirect_to: string }>('POST', '/consent', {
      authorization_url: url.href,
      email,
      ...(scopes ? { scopes } : {}),
    });
    const code = new URL(redirect_to).searchParams.get('code') ?? '';
    const raw = await oauth.exchangeRequest({ redirectUri: REDIRECT_URI, code, codeVerifier, context: {} }, NEVER);
    return oauth.processTokenAnswer(raw);
  }

  imapAccess(email: string, password: string, security: 'tls' | 'starttls' = 'starttls'): SessionAccess {
    const { host, port, tls_port } = this.sandbox.addresses.imap;
    const at = Number(security === 'tls' ? tls_port : port);
    const server = { kind: 'imap', host: String(host), port: at, security } as const;
    return {
      kind: 'password',
      mailbox: null,
      context: {},
      email,
      username: email,
      password: new Secret(password),
      server,
    };
  }

  exchangeAccess(email: string, password: string, username = email): SessionAccess {
    const server = { kind: 'ews', url: String(this.sandbox.addresses.exchange['url']) } as const;
    return { kind: 'password', mailbox: null, context: {}, email, username, password: new Secret(password), server };
  }
}

/** Where pushes go: it is there when a provider asks, and keeps nothing. */
async function openReceiver(): Promise<Server> {
  const receiver = createServer((request, response) => {
    const { searchParams } = new URL(request.url ?? '', 'http://127.0.0.1');
    response.setHeader('content-type', 'text/plain').end(searchParams.get('validationToken') ?? '');
  });
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  return receiver;
}

function providersAt(
  { addresses }: RunningSandbox,
  publicUrl: string,
  without?: ProviderName,
): { providers: Providers; tokenImap: Provider } {
  const pushing = { GOOGLE_PUBSUB_TOPIC: 'projects/mooring-sandbox/topics/gmail' };
  const environment: object = Object.assign(pushing, ...Object.values(addresses.environment));
  const given = Object.entries(environment).filter(
    ([name]) => without === undefined || !name.startsWith(`${without.toUpperCase()}_`),
  );
  const config = {
    variables: z.object(PROVIDER_VARIABLES).parse(Object.fromEntries(given)),
    publicUrl,
    egress: { allow: ['127.0.0.0/8', '::1'] },
    certificateAuthorities: readFileSync(String(addresses.imap['ca_file']), 'utf8'),
  };
  const { egress, certificateAuthorities } = config;
  const imap = createImapProvider({ egress: createEgressGuard(egress), certificateAuthorities, timeoutMs: 5_000 });
  const providers = createProviders(config);
  const tokenImap = providers.get('imap');
  if (!tokenImap) throw new Error('IMAP is always configured');
  return { providers: new Map([...providers, ['imap', imap]]), tokenImap };
}
