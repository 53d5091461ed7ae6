import type { Use } from '../../domain/access-type.ts';
import type { ConnectionContext } from '../../domain/connection-context.ts';
import type { Http } from '../../net/http.ts';
import type { AdminConsentRequest, AuthorizationRequest, OAuthAdapter } from '../contract.ts';
import { requestToken } from '../oauth.ts';
import { readTokenAnswer } from '../token-answer.ts';
import type { MicrosoftConfig } from './configuration.ts';
import { classifyMicrosoft } from './errors.ts';

/**
 * Who signed in (`oid` comes with `profile` only), and a refresh token. `User.Read` is for the address of the mailbox.
 */
const IDENTITY = ['openid', 'profile', 'email', 'offline_access', 'User.Read'];
/** The least scope of a use first; the others bring it along (learn.microsoft.com/graph/permissions-reference). */
const SCOPES_OF_USE: Record<Use, [string, ...string[]]> = {
  read: ['Mail.Read', 'Mail.ReadWrite'],
  send: ['Mail.Send'],
};
/** For the mailbox of another login; not asked for where the own one is read, because admins weigh it. */
const SHARED_SCOPES_OF_USE: Record<Use, [string, ...string[]]> = {
  read: ['Mail.Read.Shared', 'Mail.ReadWrite.Shared'],
  send: ['Mail.Send.Shared'],
};
/** The tenant of all personal accounts. */
const PERSONAL_TENANT = '9188040d-6c67-4c5b-b112-36a304b66dad';

/** Entra ID's OAuth 2.0 (learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow). */
export function createEntraOAuth(config: MicrosoftConfig, http: Http): OAuthAdapter {
  const tokenUrl = (context: ConnectionContext) => new URL(`${authorityOf(config, context)}/oauth2/v2.0/token`);
  const endpointOf = (context: ConnectionContext) => ({ http, url: tokenUrl(context), client: config.client });
  return {
    provider: 'microsoft',
    label: 'Microsoft',
    clientId: config.client.id,
    // One issuer per tenant: AUTHORITY/TENANT/v2.0.
    issuers: (issuer) => issuer.startsWith(`${config.authorityUrl}/`) && /\/[\w-]+\/v2\.0$/.test(issuer),
    // A refresh answers with a new token and lets the old one live.
    rotation: { mode: 'tolerant' },
    defaultLifeSeconds: 3_600,
    authorizationUrl: (request) => authorizationUrl(config, request),
    adminConsentUrl: (request) => adminConsentUrl(config, request),
    exchangeRequest({ code, codeVerifier, redirectUri, context }, signal) {
      const parameters = { code, code_verifier: codeVerifier.reveal(), redirect_uri: redirectUri };
      return requestToken(endpointOf(context), { grant_type: 'authorization_code', ...parameters }, signal);
    },
    // Without `scope`: the granted ones, all of one resource.
    refreshRequest({ token, context, claims }, signal, beforeWriting) {
      const parameters = { grant_type: 'refresh_token', refresh_token: token.reveal() };
      const asked = claims === undefined ? parameters : { ...parameters, claims };
      return requestToken(endpointOf(context), asked, signal, beforeWriting);
    },
    processTokenAnswer: (answer) => readTokenAnswer('Microsoft', answer, classifyMicrosoft),
    // No endpoint for apps: `capabilities.revocation` is `none`.
    revoke: () => Promise.reject(new TypeError('Microsoft revokes no grant for an app')),
    missingScopes(granted, uses) {
      const names = new Set(granted.map(shortScope));
      // A shared scope covers the login's own mailbox as well.
      const isGranted = (any: string[]) => any.some((scope) => names.has(scope.toLowerCase()));
      return uses
        .filter((use) => !isGranted([...SCOPES_OF_USE[use], ...SHARED_SCOPES_OF_USE[use]]))
        .map((use) => SCOPES_OF_USE[use][0]);
    },
  };
}

function authorizationUrl(config: MicrosoftConfig, request: AuthorizationRequest): URL {
  const url = new URL(`${authorityOf(config, request.context)}/oauth2/v2.0/authorize`);
  return withParameters(url, {
    client_id: config.client.id,
    redirect_uri: request.redirectUri,
    response_type: 'code',
    response_mode: 'query',
    scope: scopesOf(request),
    state: request.state,
    code_challenge: request.codeChallenge,
    code_challenge_method: 'S256',
    prompt: 'select_account',
    ...(request.loginHint === null ? {} : { login_hint: request.loginHint }),
    ...(request.claims === undefined ? {} : { claims: request.claims }),
  });
}

/** Never at `common`: the admin's own organization is the one that consents. */
function adminConsentUrl(config: MicrosoftConfig, request: AdminConsentRequest): URL {
  const tenant = request.context['entra_tenant'] ?? 'organizations';
  return withParameters(new URL(`${config.authorityUrl}/${tenant}/v2.0/adminconsent`), {
    client_id: config.client.id,
    redirect_uri: request.redirectUri,
    scope: scopesOf(request),
    state: request.state,
  });
}

function withParameters(url: URL, parameters: Record<string, string>): URL {
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

function scopesOf({ uses, isShared }: Pick<AuthorizationRequest, 'uses' | 'isShared'>): string {
  const ofUse = isShared ? SHARED_SCOPES_OF_USE : SCOPES_OF_USE;
  return [...IDENTITY, ...uses.map((use) => ofUse[use][0])].join(' ');
}

/** `https://graph.microsoft.com/Mail.Read` and `mail.read` are the same scope. */
const shortScope = (scope: string) => scope.slice(scope.lastIndexOf('/') + 1).toLowerCase();

/**
 * A grant is good at the tenant that gave it (AADSTS7000012 elsewhere), one of a personal account at `consumers` only
 * (AADSTS70000 elsewhere). A new connection takes any account.
 */
function authorityOf({ authorityUrl }: MicrosoftConfig, context: ConnectionContext): string {
  const tenant = context['entra_tenant'] ?? 'common';
  return `${authorityUrl}/${tenant === PERSONAL_TENANT ? 'consumers' : tenant}`;
}
