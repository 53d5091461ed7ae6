import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider } from 'oidc-provider';
import { learnSecret, secret } from '../support/minting.ts';

export const CLIENT_ID = 'mooring';
export const CLIENT_SECRET = secret('client-secret');
const SCOPE = 'openid offline_access';

export interface OidcServer {
  tokenUrl: string;
  /** A grant as a consent leaves it. */
  newGrant(accountId: string): Promise<{ refreshToken: string; isLive: () => Promise<boolean> }>;
  /** The statuses of all token requests so far. */
  answered: number[];
  /** The next answers are thrown away, after all that they say was done. */
  loseAnswers(count: number): void;
  close(): Promise<void>;
}

/** A certified server (npm oidc-provider). With `rotates`, a second use of a refresh token destroys its grant. */
export async function startOidcServer({ rotates }: { rotates: boolean }): Promise<OidcServer> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: CLIENT_ID,
        client_secret: CLIENT_SECRET,
        token_endpoint_auth_method: 'client_secret_post',
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: ['https://example.com/callback'],
      },
    ],
    features: { devInteractions: { enabled: false } },
    rotateRefreshToken: rotates,
    ttl: { AccessToken: 3600, RefreshToken: 86_400, Grant: 86_400, IdToken: 3600 },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
  });
  const answered: number[] = [];
  let toLose = 0;
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.path !== '/token') return;
    answered.push(ctx.status);
    learnTokens(ctx.body);
    if (toLose === 0) return;
    toLose--;
    ctx.respond = false;
    ctx.req.socket.destroy();
  });
  const handle = provider.callback();
  server.on('request', (request, response) => void handle(request, response));
  return {
    tokenUrl: `${issuer}/token`,
    answered,
    loseAnswers: (count) => {
      toLose = count;
    },
    async newGrant(accountId) {
      const client = await provider.Client.find(CLIENT_ID);
      if (!client) throw new Error('The client is not registered');
      const grant = new provider.Grant({ accountId, clientId: CLIENT_ID });
      grant.addOIDCScope(SCOPE);
      const grantId = await grant.save();
      const token = new provider.RefreshToken({ accountId, client, grantId, gty: 'authorization_code', scope: SCOPE });
      const isLive = async () => (await provider.Grant.find(grantId)) !== undefined;
      const refreshToken = await token.save();
      learnTokens({ refresh_token: refreshToken });
      return { refreshToken, isLive };
    },
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

function learnTokens(answer: { access_token?: string; refresh_token?: string }): void {
  for (const kind of ['access_token', 'refresh_token'] as const) {
    const value = answer[kind];
    if (value) learnSecret(kind, value);
  }
}
