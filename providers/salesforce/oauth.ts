import { ProviderError } from '../../domain/verdict.ts';
import type { ConnectionContext } from '../../domain/connection-context.ts';
import { dateOf } from '../answers/http-answers.ts';
import { objectsWithin, parseJson, textOf } from '../answers/text.ts';
import type { Http } from '../../net/http.ts';
import { toProviderAnswer } from '../../net/http.ts';
import type { AuthorizationRequest, OAuthAdapter, RawAnswer, TokenSet } from '../contract.ts';
import { requestToken } from '../oauth.ts';
import { readTokenAnswer } from '../token-answer.ts';
import type { SalesforceConfig } from './configuration.ts';
import { isTrusted } from './configuration.ts';
import { classifySalesforce } from './errors.ts';
import { createLogins, INSTANCE, loginOf, TOLD_LOGIN } from './login.ts';
import { introspection } from './schema.ts';

const DAY_MS = 86_400_000;
/** The least that reads records; `offline_access` is another name of `refresh_token`. */
const SCOPES = 'api refresh_token';
/** What a connection's context holds: whose login it is. */
export const LOGIN_ID = 'salesforce_login';

/** Salesforce's OAuth 2.0 web server flow, with PKCE and the secret. */
export function createSalesforceOAuth(config: SalesforceConfig, http: Http): OAuthAdapter {
  const endpoint = (name: string, context: ConnectionContext) => ({
    http,
    url: new URL(`${loginOf(config, context)}/services/oauth2/${name}`),
    client: config.client,
  });
  return {
    provider: 'salesforce',
    label: 'Salesforce',
    clientId: config.client.id,
    logins: createLogins(config),
    // Each organization is an issuer of its own.
    issuers: (issuer) => isTrusted(config, issuer),
    // Every refresh brings another token, and a second use of the old one ends the grant.
    rotation: { mode: 'strict' },
    unusedLifeMs: 30 * DAY_MS,
    // No answer tells a life. The shortest session that an organization can set has 15 minutes.
    defaultLifeSeconds: 900,
    authorizationUrl: (request) => authorizationUrl(config, request),
    async exchangeRequest({ code, codeVerifier, redirectUri, context }, signal) {
      const parameters = { code, code_verifier: codeVerifier.reveal(), redirect_uri: redirectUri };
      return requestToken(endpoint('token', context), { grant_type: 'authorization_code', ...parameters }, signal);
    },
    async refreshRequest({ token, context }, signal, beforeWriting) {
      const parameters = { grant_type: 'refresh_token', refresh_token: token.reveal() };
      return requestToken(endpoint('token', context), parameters, signal, beforeWriting);
    },
    processTokenAnswer: (answer) => processTokenAnswer(config, answer),
    async introspect({ token, context }, signal) {
      const asked = { token: token.reveal(), token_type_hint: 'access_token' };
      return remainingSeconds(await requestToken(endpoint('introspect', context), asked, signal));
    },
    classify: classifySalesforce,
    revocation: 'token',
    revocationHelp:
      'An administrator ends the access in Setup under "Connected Apps OAuth Usage"; a person does in the personal settings under "Connections"',
    async revoke({ token, context }, signal) {
      const answer = await requestToken(endpoint('revoke', context), { token: token.reveal() }, signal);
      if (answer.status === 200) return;
      const refusal = classifySalesforce(toProviderAnswer('refresh', { ...answer, body: answer.body.reveal() }));
      // The token is no longer good: that is what was asked for (RFC 7009 section 2.2).
      if (/^(invalid_token|unsupported_token_type)$/.test(refusal.providerCode ?? '')) return;
      throw new ProviderError(`Salesforce answered a revocation with ${answer.status}`, refusal);
    },
    missingScopes(granted, uses) {
      const canRead = granted.some((scope) => scope === 'api' || scope === 'full');
      return uses.includes('read') && !canRead ? ['api'] : [];
    },
  };
}

function authorizationUrl(config: SalesforceConfig, request: AuthorizationRequest): URL {
  const url = new URL(`${loginOf(config, request.context)}/services/oauth2/authorize`);
  const parameters = {
    client_id: config.client.id,
    redirect_uri: request.redirectUri,
    response_type: 'code',
    scope: SCOPES,
    state: request.state,
    code_challenge: request.codeChallenge,
    code_challenge_method: 'S256',
    // A session that the browser still has may be another user's.
    prompt: 'login consent',
    ...(request.loginHint === null ? {} : { login_hint: request.loginHint }),
  };
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url;
}

/** Every answer says where the organization is now, and whose login it is: `https://login.salesforce.com/id/00D…/005…`. */
function processTokenAnswer(config: SalesforceConfig, answer: RawAnswer): TokenSet {
  const tokens = readTokenAnswer('Salesforce', answer, classifySalesforce);
  const told = objectsWithin(answer.body.reveal()).find((fields) => textOf(fields['access_token']) !== null) ?? {};
  const instance = textOf(told[INSTANCE])?.replace(/\/$/, '');
  const [, login, id] = /^(https?:\/\/.+)\/id\/(00D\w{12,15}\/005\w{12,15})$/.exec(textOf(told['id']) ?? '') ?? [];
  return {
    ...tokens,
    context: {
      ...(instance !== undefined && isTrusted(config, instance) ? { [INSTANCE]: instance } : {}),
      ...(login !== undefined && id !== undefined && isTrusted(config, login)
        ? { [TOLD_LOGIN]: login, [LOGIN_ID]: id }
        : {}),
    },
  };
}

/** By Salesforce's own clock. null: it does not say, or the session has ended already. */
function remainingSeconds({ status, headers, body }: RawAnswer): number | null {
  const told = introspection.safeParse(parseJson(body.reveal()));
  const at = dateOf(headers);
  if (status !== 200 || !told.success || at === null || told.data.exp === undefined) return null;
  const seconds = told.data.exp - Math.ceil(at.getTime() / 1000);
  return seconds >= 1 ? seconds : null;
}
