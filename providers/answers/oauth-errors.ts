import type { ProviderAnswer, StatusReason, Verdict, VerdictKind } from '../../domain/verdict.ts';
import { oauthRefusal, objectsWithin, textOf } from './text.ts';
import { classifyNetwork } from '../../net/network-failure.ts';
import { outagesFirst } from './outages.ts';
import { rateLimited, retryAfterMs, tokenRefused, verdict } from '../../domain/verdict-builders.ts';

interface Rule {
  kind: VerdictKind;
  reason: StatusReason;
  error: RegExp;
  vague?: true;
}

/** The words of RFC 6749, RFC 8628, OpenID Connect, RFC 8707, and those of single vendors. */
const RULES: readonly Rule[] = [
  { kind: 'rate_limited', reason: 'rate_limited', error: /^slow_down$|rate_?limit|too_many_requests|throttl/i },
  {
    kind: 'misconfigured',
    reason: 'app_credentials_invalid',
    error:
      /^(invalid_client\w*|unauthorized_client|invalid_request\w*|invalid_scope|invalid_target|invalid_redirect_uri|redirect_uri_mismatch|unsupported_(grant|response)_type|request_not_supported|client_\w+|\w+_client)$/i,
  },
  { kind: 'reauth_required', reason: 'mfa_required', error: /^(mfa_required|unmet_authentication_requirements)$/i },
  {
    kind: 'reauth_required',
    reason: 'access_revoked',
    error:
      /^(access_denied|(interaction|login|consent|account_selection)_required|invalid_refresh_token|expired_token|invalid_(authorization_)?code|account_not_authorized)$/i,
  },
  // The answer does not say why the grant ended, so spaced tries come first.
  { kind: 'reauth_required', reason: 'access_revoked', error: /^invalid_grant$/i, vague: true },
];

/** An OAuth refusal of a server that has no map of its own; null when the answer is none. */
export function classifyOAuth(answer: ProviderAnswer): Verdict | null {
  const { operation } = answer;
  // In other operations these words come from a gateway and concern other access.
  if (operation !== 'refresh' && operation !== 'login') return null;
  const refusal = oauthRefusal(answer.body);
  if (refusal === null) return null;
  const providerCode = refusal.suberror ?? refusal.error;
  if (refusal.error === 'invalid_token') {
    // At a token endpoint the refresh token is meant (Spring).
    if (operation === 'login') return tokenRefused(providerCode);
    return verdict('reauth_required', 'access_revoked', { providerCode, vague: true });
  }
  // Zoho: "access_denied", with a description that names a rate limit.
  if (/too many requests|rate limit/i.test(refusal.description)) return rateLimited(retryAfterMs(answer), providerCode);
  const rule = RULES.find(({ error }) => error.test(refusal.error));
  if (!rule) return null;
  if (rule.kind === 'rate_limited') return rateLimited(retryAfterMs(answer), providerCode);
  return verdict(rule.kind, rule.reason, { providerCode, vague: (rule.vague ?? false) && refusal.description === '' });
}

/** What a challenge (RFC 6750 section 3) says of an access token; null where there is none, or it says nothing. */
export function classifyChallenge({ headers, httpStatus }: ProviderAnswer): Verdict | null {
  const error = /\berror="?(\w+)/.exec(headers['www-authenticate'] ?? '')?.[1];
  if (error === 'insufficient_scope') {
    return verdict('insufficient_scope', 'insufficient_scope', { providerCode: error });
  }
  return httpStatus === 401 && error !== undefined ? tokenRefused(error) : null;
}

/**
 * Consent where the mailbox's own box was not ticked is a success: a token answer (RFC 6749 section 5.1) whose `scope`
 * lacks what `needed` stands for. null for every other answer, and where no scope is named: it is the one asked for.
 */
export function classifyGrantedScope(answer: ProviderAnswer, needed: RegExp): Verdict | null {
  if (answer.httpStatus !== null && answer.httpStatus !== 200) return null;
  const [token] = objectsWithin(answer.body);
  if (token === undefined || textOf(token['access_token']) === null) return null;
  const scope = textOf(token['scope']);
  if (scope === null || needed.test(scope)) return null;
  return verdict('insufficient_scope', 'insufficient_scope', { providerCode: 'scope' });
}

/** Provider `generic`: any OAuth server, and the network itself. */
export const classifyGeneric = outagesFirst(
  (answer) => classifyChallenge(answer) ?? classifyOAuth(answer) ?? classifyNetwork(answer),
);
