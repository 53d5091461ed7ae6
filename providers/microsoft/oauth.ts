import type { Use } from '../../domain/access-type.ts';
import type { ConnectionContext } from '../../domain/connection-context.ts';
import type { Http } from '../../net/http.ts';
import type { AdminConsentRequest, AuthorizationRequest, OAuthAdapter } from '../contract.ts';
import { requestToken } from '../oauth.ts';
import { readTokenAnswer } from '../token-answer.ts';
import type { MicrosoftConfig } from './configuration.ts';
import { classifyMicrosoft } from './errors.ts';

type ScopesOfUse = Readonly<Record<Use, readonly [string, ...string[]]>>;

/** What is asked of one API: a token is good for one alone. */
interface Scopes {
  /** Asked for always. */
  identity: readonly string[];
  /** The least scope of a use first; the others bring it along. */
  ofUse: ScopesOfUse;
  /** For the mailbox of another login; not asked for where the own one is read, because admins weigh it. */
  ofSharedUse: ScopesOfUse;
}

/** Who signed in (`oid` comes with `profile` only), and a refresh token. */
const IDENTITY = ['openid', 'profile', 'email', 'offline_access'];
/** learn.microsoft.com/graph/permissions-reference; `User.Read` is for the address of the mailbox. */
const OF_GRAPH: Scopes = {
  identity: [...IDENTITY, 'User.Read'],
  ofUse: { read: ['Mail.Read', 'Mail.ReadWrite'], send: ['Mail.Send'] },
  ofSharedUse: { read: ['Mail.Read.Shared', 'Mail.ReadWrite.Shared'], send: ['Mail.Send.Shared'] },
};
const OUTLOOK = 'https://outlook.office.com';
const OF_MAIL_PROTOCOLS_BY_USE: ScopesOfUse = {
  read: [`${OUTLOOK}/IMAP.AccessAsUser.All`],
  send: [`${OUTLOOK}/SMTP.Send`],
};
/** IMAP and SMTP; what a login may open is up to the mailbox. */
export const OF_MAIL_PROTOCOLS: Scopes = {
  identity: IDENTITY,
  ofUse: OF_MAIL_PROTOCOLS_BY_USE,
  ofSharedUse: OF_MAIL_PROTOCOLS_BY_USE,
};
/** The tenant of all personal accounts. */
export const PERSONAL_TENANT = '9188040d-6c67-4c5b-b112-36a304b66dad';

/** Entra ID's OAuth 2.0 (learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow). */
export function createEntraOAuth(config: MicrosoftConfig, http: Http, scopes: Scopes = OF_GRAPH): OAuthAdapter {
  const tokenUrl = (context: ConnectionContext) => new URL(`${authorityOf(config, context)}/oauth2/v2.0/token`);
  const endpointOf = (context: ConnectionContext) => ({ http, url: tokenUrl(context), client: config.client });
  return {
    provider: 'microsoft',
    label: 'Microsoft',
    clientId: config.client.id,
    readsShared: true,
    // One issuer per tenant: AUTHORITY/TENANT/v2.0.
    issuers: (issuer) => issuer.startsWith(`${config.authorityUrl}/`) && /\/[\w-]+\/v2\.0$/.test(issuer),
    // A refresh answers with a new token and lets the old one live.
    rotation: { mode: 'tolerant' },
    // learn.microsoft.com/entra/identity-platform/refresh-tokens#token-lifetime
    unusedLifeMs: 90 * 86_400_000,
    defaultLifeSeconds: 3_600,
    authorizationUrl: (request) => authorizationUrl(config, scopes, request),
    adminConsentUrl: (request) => adminConsentUrl(config, scopes, request),
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
    classify: classifyMicrosoft,
    revocation: 'none',
    revocationHelp:
      'Remove the app at https://myapps.microsoft.com, a personal account at https://account.live.com/consent/Manage; an admin removes it in the Entra admin center under Enterprise applications',
    revoke: () => Promise.reject(new TypeError('Microsoft revokes no grant for an app')),
    missingScopes(granted, uses) {
      const names = new Set(granted.map(shortScope));
      // A shared scope covers the login's own mailbox as well.
      const isGranted = (any: string[]) => any.some((scope) => names.has(shortScope(scope)));
      return uses
        .filter((use) => !isGranted([...scopes.ofUse[use], ...scopes.ofSharedUse[use]]))
        .map((use) => scopes.ofUse[use][0]);
    },
  };
}

function authorizationUrl(config: MicrosoftConfig, scopes: Scopes, request: AuthorizationRequest): URL {
  const url = new URL(`${authorityOf(config, request.context)}/oauth2/v2.0/authorize`);
  return withParameters(url, {
    client_id: config.client.id,
    redirect_uri: request.redirectUri,
    response_type: 'code',
    response_mode: 'query',
    scope: scopesOf(scopes, request),
    state: request.state,
    code_challenge: request.codeChallenge,
    code_challenge_method: 'S256',
    prompt: 'select_account',
    ...(request.loginHint === null ? {} : { login_hint: request.loginHint }),
    ...(request.claims === undefined ? {} : { claims: request.claims }),
  });
}

/** Never at `common`: the admin's own organization is the one that consents. */
function adminConsentUrl(config: MicrosoftConfig, scopes: Scopes, request: AdminConsentRequest): URL {
  const tenant = request.context['entra_tenant'] ?? 'organizations';
  return withParameters(new URL(`${config.authorityUrl}/${tenant}/v2.0/adminconsent`), {
    client_id: config.client.id,
    redirect_uri: request.redirectUri,
    scope: scopesOf(scopes, request),
    state: request.state,
  });
}

function withParameters(url: URL, parameters: Record<string, string>): URL {
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

function scopesOf(scopes: Scopes, { uses, isShared }: Pick<AuthorizationRequest, 'uses' | 'isShared'>): string {
  const ofUse = isShared ? scopes.ofSharedUse : scopes.ofUse;
  return [...scopes.identity, ...uses.map((use) => ofUse[use][0])].join(' ');
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
