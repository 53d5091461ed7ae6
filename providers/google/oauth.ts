import type { Use } from '../../domain/access-type.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { GoogleConfig } from './configuration.ts';
import type { Http } from '../../net/http.ts';
import { toProviderAnswer } from '../../net/http.ts';
import { postForm, requestToken } from '../oauth.ts';
import { readTokenAnswer } from '../token-answer.ts';
import type { OAuthAdapter } from '../contract.ts';
import { classifyGoogle } from './errors.ts';
import { createGoogleSecurityEvents } from './security-events.ts';

const DAY_MS = 86_400_000;
const GMAIL = 'https://www.googleapis.com/auth/gmail.';
const FULL = 'https://mail.google.com/';

/** Who signed in; asked for always, the channel is pinned by it. */
const IDENTITY = ['openid', 'email'];
/** The least scope of a use first; the others bring it along (developers.google.com/workspace/gmail/api/auth/scopes). */
type ScopesOfUse = Readonly<Record<Use, readonly [string, ...string[]]>>;
const OF_THE_API: ScopesOfUse = {
  read: [`${GMAIL}readonly`, `${GMAIL}modify`, FULL],
  send: [`${GMAIL}send`, `${GMAIL}compose`, `${GMAIL}modify`, FULL],
};
/** IMAP and SMTP know this one alone. */
export const OF_MAIL_PROTOCOLS: ScopesOfUse = { read: [FULL], send: [FULL] };

/** Google's OAuth 2.0 for web servers (developers.google.com/identity/protocols/oauth2/web-server). */
export function createGoogleOAuth(
  config: GoogleConfig,
  http: Http,
  scopesOfUse: ScopesOfUse = OF_THE_API,
): OAuthAdapter {
  const { securityEvents } = config;
  const endpoint = { http, url: new URL(config.tokenUrl), client: config.client };
  return {
    provider: 'google',
    label: 'Google',
    clientId: config.client.id,
    issuers: [new URL(config.authorizationUrl).origin],
    // The same refresh token stays; a new one comes with a consent only.
    rotation: { mode: 'none' },
    // Six months of 30 days (developers.google.com/identity/protocols/oauth2#expiration).
    unusedLifeMs: 180 * DAY_MS,
    defaultLifeSeconds: 3_600,
    authorizationUrl(request) {
      const url = new URL(config.authorizationUrl);
      const parameters = {
        client_id: config.client.id,
        redirect_uri: request.redirectUri,
        response_type: 'code',
        scope: [...new Set([...IDENTITY, ...request.uses.map((use) => scopesOfUse[use][0])])].join(' '),
        state: request.state,
        code_challenge: request.codeChallenge,
        code_challenge_method: 'S256',
        // A refresh token comes only so, and only on a consent screen.
        access_type: 'offline',
        prompt: 'select_account consent',
        ...(request.loginHint === null ? {} : { login_hint: request.loginHint }),
      };
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
      return url;
    },
    exchangeRequest({ code, codeVerifier, redirectUri }, signal) {
      const parameters = { code, code_verifier: codeVerifier.reveal(), redirect_uri: redirectUri };
      return requestToken(endpoint, { grant_type: 'authorization_code', ...parameters }, signal);
    },
    refreshRequest({ token }, signal, beforeWriting) {
      const parameters = { grant_type: 'refresh_token', refresh_token: token.reveal() };
      return requestToken(endpoint, parameters, signal, beforeWriting);
    },
    processTokenAnswer: (answer) => readTokenAnswer('Google', answer, classifyGoogle),
    classify: classifyGoogle,
    revocation: 'token',
    revocationHelp: 'Remove the app at https://myaccount.google.com/connections',
    async revoke({ token }, signal) {
      const form = new URLSearchParams({ token: token.reveal() });
      const answer = await postForm(http, new URL(config.revocationUrl), form, signal);
      if (answer.status === 200) return;
      const refusal = classifyGoogle(toProviderAnswer('refresh', answer));
      // The token is no longer good: that is what was asked for (RFC 7009 section 2.2).
      if (refusal.providerCode === 'invalid_token') return;
      throw new ProviderError(`Google answered a revocation with ${answer.status}`, refusal);
    },
    ...(securityEvents === null ? {} : { securityEvents: createGoogleSecurityEvents(securityEvents, http) }),
    missingScopes(granted, uses) {
      const needed = uses.map((use) => scopesOfUse[use]);
      const lacking = needed.filter((any) => !any.some((scope) => granted.includes(scope)));
      return [...new Set(lacking.map(([least]) => least))];
    },
  };
}
