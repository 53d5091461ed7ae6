import type { ProviderAnswer, Verdict } from '../../domain/verdict.ts';
import { objectsWithin, oauthRefusal, textOf } from '../answers/text.ts';
import type { OAuthRefusal } from '../answers/text.ts';
import { classifyNetwork } from '../../net/network-failure.ts';
import { classifyChallenge, classifyGrantedScope, classifyOAuth } from '../answers/oauth-errors.ts';
import { outagesFirst } from '../answers/outages.ts';
import type { Classifier } from '../answers/outages.ts';
import { withClaims } from './claims.ts';
import { classifyDiagnostics } from '../answers/token-diagnostics.ts';
import { rateLimited, retryAfterMs, tokenRefused, unknown, verdict } from '../../domain/verdict-builders.ts';
import { meaningOf, tellingCode } from './entra-codes.ts';
import { classifyGraph, graphFailure } from './graph-errors.ts';

/**
 * What Entra ID's and Graph's answers mean. Total: what is not known is `transient`. Entra's numbers decide before its
 * words; Graph's innermost code decides before the HTTP status.
 */
export const classifyMicrosoft: Classifier = (answer) => withClaims(answer, classifyOutagesFirst(answer));

const classifyOutagesFirst = outagesFirst(classifyWords);

function classifyWords(answer: ProviderAnswer): Verdict {
  const lacking = classifyGrantedScope(answer, MAIL_SCOPE);
  if (lacking !== null) return lacking;
  const codes = entraCodes(answer.body);
  const refusal = oauthRefusal(answer.body);
  if (codes.length > 0) return classifyEntra(answer, codes, refusal);
  const failure = graphFailure(answer);
  if (failure !== null) return classifyGraph(answer, failure);
  // The page on which a person learns that they cannot consent; it leads nowhere.
  if (/need admin approval|only an admin can grant/i.test(answer.body)) {
    return verdict('admin_action', 'admin_consent_required', { providerCode: 'admin_approval' });
  }
  if (refusal !== null) return classifyWord(answer, refusal, refusal.suberror ?? refusal.error);
  return classifyBare(answer);
}

/** Of Graph, and of Outlook's own protocols. */
const MAIL_SCOPE = /\b(Mail|IMAP|EWS|Exchange)\.|\.default\b/i;

/** `error_codes` where it is there: the description is not for parsing, and may name another number. */
function entraCodes(body: string): number[] {
  const objects = objectsWithin(body);
  const listed = objects.flatMap((json) => [json['error_codes'], json['errorNo']].flat().map(Number).filter(Boolean));
  if (listed.length > 0) return listed;
  const printed = [...body.matchAll(/AADSTS(\d{5,7})/g)].map(([, digits]) => Number(digits));
  if (printed.length > 0) return printed;
  const uri = objects.map((json) => textOf(json['error_uri'])).find((found) => found !== null) ?? '';
  return [Number(/[?&]code=(\d+)/.exec(uri)?.[1])].filter(Boolean);
}

function classifyEntra(answer: ProviderAnswer, codes: number[], refusal: OAuthRefusal | null): Verdict {
  const code = tellingCode(codes);
  const providerCode = `AADSTS${code}`;
  const meaning = code === undefined ? null : meaningOf(code);
  if (meaning === null) {
    const word = refusal ?? { error: '', description: '', suberror: null };
    return classifyWord(answer, word, providerCode);
  }
  if (meaning.kind === 'rate_limited') return rateLimited(retryAfterMs(answer), providerCode);
  // The number of a garbled request: on a refresh it is the stored token that is garbled.
  if (code === 9002313 && refusal !== null && refusal.error !== 'invalid_grant') return misconfigured(providerCode);
  const retry = meaning.kind === 'transient' ? retryAfterMs(answer) : null;
  return verdict(meaning.kind, meaning.reason, { providerCode, vague: meaning.vague ?? false, retryAfterMs: retry });
}

const REAUTHENTICATE = /^(invalid_grant|interaction_required|login_required|consent_required|access_denied)$/;
const SETUP =
  /^(invalid_client|unauthorized_client|invalid_scope|invalid_request|invalid_resource|invalid_instance|invalid_tenant|unsupported_grant_type|unsupported_response_type|client_mismatch)$/;

/** By OAuth's word, which is stable by contract, and the finer `suberror`. */
function classifyWord(answer: ProviderAnswer, { error, suberror }: OAuthRefusal, providerCode: string): Verdict {
  // To be healed outside of any sign-in: a device, a policy.
  if (/^(message_only|additional_action|protection_policy_required)$/.test(suberror ?? '')) {
    return verdict('admin_action', 'conditional_access', { providerCode });
  }
  if (suberror === 'user_password_expired') return verdict('reauth_required', 'password_changed', { providerCode });
  if (SETUP.test(suberror ?? '') || SETUP.test(error)) return misconfigured(providerCode);
  if (REAUTHENTICATE.test(error)) {
    // Nothing tells why: spaced tries come first, unless the finer word is there.
    return verdict('reauth_required', 'access_revoked', {
      providerCode,
      vague: suberror === null && error === 'invalid_grant',
    });
  }
  return classifyOAuth(answer) ?? unknown(answer, providerCode);
}

function misconfigured(providerCode: string): Verdict {
  return verdict('misconfigured', 'app_credentials_invalid', { providerCode });
}

/** No words at all: a status, a page, a challenge in a header. */
function classifyBare(answer: ProviderAnswer): Verdict {
  const diagnosed = classifyDiagnostics(answer) ?? classifyChallenge(answer);
  if (diagnosed !== null) return diagnosed;
  if (answer.httpStatus === 401) return tokenRefused('401');
  if (answer.httpStatus === 410) return verdict('cursor_expired', null, { providerCode: '410' });
  if (answer.httpStatus === 404 && answer.operation === 'subscribe') {
    return verdict('cursor_expired', null, { providerCode: '404' });
  }
  return classifyNetwork(answer);
}
