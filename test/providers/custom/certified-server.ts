import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import type { Configuration } from 'oidc-provider';
import { learnSecret, secret } from '../../support/minting.ts';

export const CLIENT_ID = 'mooring';

/** How a provider differs from others; the paths are those of its file. */
export interface Likeness {
  routes: { authorization: string; token: string; revocation?: string; introspection?: string };
  clientAuthentication: 'client_secret_post' | 'client_secret_basic' | 'none';
  scopes: string[];
  /** Whether there are refresh tokens, and whether each is good once. */
  refreshTokens: 'none' | 'same' | 'rotating';
  /** What is put into token answers and introspections beside the standard's fields. */
  adds?: (asked: { path: string; issuer: string; body: Record<string, string> }) => Record<string, unknown>;
  /** Its API: what a call with this token answers. */
  api?: { paths: string[]; scheme: string; answer: (accountId: string) => unknown };
}

/** A certified server (npm oidc-provider) at the paths of a file, with an API that knows its tokens. */
export async function startCertifiedServer(given: Likeness) {
  const likeness = { ...given };
  const { routes, scopes, refreshTokens, api, clientAuthentication } = likeness;
  const clientSecret = secret('client-secret');
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  /** Who signs in next. */
  let signingIn = '';
  const calls: string[] = [];
  /** While it holds, token requests wait for it. */
  let holding: Promise<void> | null = null;
  let held = 0;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        ...(clientAuthentication === 'none' ? {} : { client_secret: clientSecret }),
        token_endpoint_auth_method: clientAuthentication,
        grant_types: ['authorization_code', ...(refreshTokens === 'none' ? [] : (['refresh_token'] as const))],
        redirect_uris: ['https://example.com/callback'],
      },
    ],
    scopes: [...new Set(['openid', 'offline_access', ...scopes])],
    routes,
    // A public client is told apart by nothing else.
    pkce: { required: () => clientAuthentication === 'none' },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true, allowedPolicy: () => true },
      introspection: { enabled: true, allowedPolicy: () => true },
    },
    rotateRefreshToken: refreshTokens === 'rotating',
    issueRefreshToken: () => Promise.resolve(refreshTokens !== 'none'),
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    ttl: { AccessToken: 3600, RefreshToken: 86_400, Grant: 86_400, Session: 600, Interaction: 600, IdToken: 3600 },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  } satisfies Configuration);
  // A redirect address is the test server's, whose port no file knows.
  provider.Client.prototype.redirectUriAllowed = () => true;
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path === routes.token) calls.push(`token ${ctx.status}`);
    if (ctx.path === routes.revocation) calls.push(`revocation ${ctx.status}`);
    const body = ctx.body as Record<string, string> | undefined;
    if (ctx.status !== 200 || typeof body !== 'object') return;
    for (const kind of ['access_token', 'refresh_token'] as const) if (body[kind]) learnSecret(kind, body[kind]);
    const { adds } = likeness;
    if (adds && (body['access_token'] || body['active']))
      ctx.body = { ...body, ...adds({ path: ctx.path, issuer, body }) };
  });
  const handle = provider.callback();
  server.on('request', (request, response) => {
    const { pathname } = new URL(request.url ?? '/', issuer);
    if (api?.paths.includes(pathname)) return void answerCall(request, response);
    if (pathname.startsWith('/interaction/')) return void agree(request, response);
    if (pathname === routes.authorization) request.url = standardScopes(request.url ?? '');
    if (pathname === routes.token && holding) return void answerLater(request, response, holding);
    void handle(request, response);
  });

  async function answerLater(request: IncomingMessage, response: ServerResponse, until: Promise<void>): Promise<void> {
    held++;
    await until;
    held--;
    await handle(request, response);
  }

  /** This server knows scopes between spaces, and consents to no request without one. */
  function standardScopes(path: string): string {
    const url = new URL(path, issuer);
    const scope = url.searchParams.get('scope') ?? scopes.join(' ');
    url.searchParams.set('scope', scope.replaceAll(',', ' '));
    return url.pathname + url.search;
  }

  async function answerCall(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const [scheme, token = ''] = (request.headers.authorization ?? '').split(' ');
    const found = scheme === api?.scheme ? await provider.AccessToken.find(token) : undefined;
    response.statusCode = found ? 200 : 401;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(found ? api?.answer(found.accountId) : { message: 'no such token' }));
  }

  async function agree(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const grant = new provider.Grant({ accountId: signingIn, clientId: CLIENT_ID });
    grant.addOIDCScope(['openid', 'offline_access', ...scopes].join(' '));
    const grantId = await grant.save();
    await provider.interactionFinished(request, response, { login: { accountId: signingIn }, consent: { grantId } });
  }

  return {
    issuer,
    clientSecret,
    /** A test may change what it adds. */
    likeness,
    /** Requests to the token and the revocation endpoint, with their status. */
    calls,
    /** Signs a person in at the page behind `address`, and returns where the browser is sent back to. */
    async signIn(address: string, accountId: string): Promise<string> {
      signingIn = accountId;
      const cookies = new Map<string, string>();
      for (let at = address; ;) {
        const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
        const answer = await fetch(at, { redirect: 'manual', headers: { cookie } });
        for (const line of answer.headers.getSetCookie()) {
          const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s);
          cookies.set(name, value);
        }
        const location = answer.headers.get('location');
        if (!location) throw new Error(`No redirect from ${at}: ${answer.status} ${await answer.text()}`);
        at = new URL(location, at).href;
        if (!at.startsWith(issuer)) return at;
      }
    },
    /** Answers no token request until the returned function is called. */
    hold(): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      holding = promise;
      return () => {
        holding = null;
        resolve();
      };
    },
    /** How many token requests wait. */
    waiting: () => held,
    /** Whose token it is, as an introspection tells a mail server; null: it is not live. */
    ownerOf: async (accessToken: string) => (await provider.AccessToken.find(accessToken))?.accountId ?? null,
    isLive: async (accessToken: string) => (await provider.AccessToken.find(accessToken)) !== undefined,
    /** A token as a product holds it, with its grant. */
    async newToken(accountId: string, kind: 'AccessToken' | 'RefreshToken'): Promise<string> {
      const client = await provider.Client.find(CLIENT_ID);
      if (!client) throw new Error('The client is not registered');
      const grant = new provider.Grant({ accountId, clientId: CLIENT_ID });
      const scope = ['offline_access', ...scopes].join(' ');
      grant.addOIDCScope(scope);
      const held = { accountId, client, grantId: await grant.save(), gty: 'authorization_code', scope };
      const token = await new provider[kind](held).save();
      learnSecret(kind, token);
      return token;
    },
    /** Ends every grant and token, as a person does who withdraws the access. */
    async withdraw(accessToken: string): Promise<void> {
      const token = await provider.AccessToken.find(accessToken);
      await (token?.grantId ? provider.Grant.adapter.destroy(token.grantId) : undefined);
      await provider.AccessToken.revokeByGrantId(token?.grantId ?? '');
      if (token?.grantId) await provider.RefreshToken.revokeByGrantId(token.grantId);
    },
    close: () =>
      new Promise<void>((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}
export type CertifiedServer = Awaited<ReturnType<typeof startCertifiedServer>>;
