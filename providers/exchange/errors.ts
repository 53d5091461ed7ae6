import type { ProviderAnswer, Verdict } from '../../domain/verdict.ts';
import { isPage } from '../answers/text.ts';
import { classifyNetwork } from '../../net/network-failure.ts';
import { classifyChallenge, classifyOAuth } from '../answers/oauth-errors.ts';
import { outagesFirst } from '../answers/outages.ts';
import { classifyDiagnostics } from '../answers/token-diagnostics.ts';
import { rateLimited, retryAfterMs, tokenRefused, unknown, verdict } from '../../domain/verdict-builders.ts';
import { meaningOf, responseCode } from './response-codes.ts';

/**
 * What an on-premises Exchange answers over EWS. Total: what is not known is `transient`. The code inside the answer
 * decides before the HTTP status, which is 200 for most errors and 500 for throttling.
 */
export const classifyExchange = outagesFirst(classifyWords, (body) => /Fault\b|faultcode|\bError[A-Z]/.test(body));

function classifyWords(answer: ProviderAnswer): Verdict {
  const code = responseCode(answer.body);
  if (code === null) return classifyStatus(answer);
  const meaning = meaningOf(code, answer.operation);
  if (meaning === null) return unknown(answer, code);
  if (meaning.kind === 'rate_limited') return rateLimited(backOffMs(answer), code);
  return verdict(meaning.kind, meaning.reason, { providerCode: code });
}

/** https://learn.microsoft.com/exchange/client-developer/exchange-web-services/ews-throttling-in-exchange */
function backOffMs(answer: ProviderAnswer): number | null {
  const named =
    /BackOffMilliseconds["']?\s*[>:=]\s*(\d+)/i.exec(answer.body)?.[1] ?? answer.headers['backoffmilliseconds'];
  return /^\d+$/.test(named ?? '') ? Number(named) : retryAfterMs(answer);
}

/** Exchange refuses logins to shed load: closing the connection, or with ASP.NET's page, in the server's language. */
const LOAD_SHEDDING = /<title>[^<]*\/EWS\b|Server Error in '\/EWS' Application|genericerrorpage/i;
const WRONG_CREDENTIALS =
  /invalid credentials|wrong (user ?name|password)|(user ?name|password) (is |was )?(incorrect|invalid|wrong)|UnauthorizedError/i;
/** What a client says of a 401 without a word of the server's. */
const UNAUTHORIZED_TEXT = /\(401\) Unauthorized|\bHTTP 401\b/i;

/** A page that the front end redirects to in place of an answer: nothing else is asked there. */
export const isErrorPage = (location: string) => /expiredpassword|genericerrorpage/i.test(location);

function classifyStatus(answer: ProviderAnswer): Verdict {
  const { httpStatus, headers, body } = answer;
  // The front end has found no mailbox to pass the request on to.
  const frontEnd = headers['x-caserrorcode'] ?? '';
  if (/(User|Mailbox\w*)NotFound|UnknownUser/i.test(frontEnd)) {
    return verdict('account_gone', 'mailbox_unavailable', { providerCode: frontEnd, vague: true });
  }
  if (/too many requests|throttl|server busy|requested back ?off|RateLimitError/i.test(body)) {
    return rateLimited(backOffMs(answer), String(httpStatus ?? 'busy'));
  }
  // Tokens come from an AD FS, which speaks OAuth.
  const diagnosed = classifyDiagnostics(answer) ?? classifyChallenge(answer) ?? classifyOAuth(answer);
  if (diagnosed !== null) return diagnosed;
  if (/expiredpassword/i.test(headers['location'] ?? '')) return passwordRefused('expired', false);
  // Office 365 before it went away: the account has to be unblocked, the password has run out.
  if (httpStatus === 456 || httpStatus === 457) return passwordRefused(String(httpStatus), false);
  return classifyRefusal(answer);
}

function classifyRefusal(answer: ProviderAnswer): Verdict {
  const { httpStatus, headers, body } = answer;
  const isLogin = answer.operation === 'login';
  // A refused login may end its connection too; only such a refusal offers the schemes again.
  const isClosed = /close/i.test(headers['connection'] ?? '') && !(isLogin && headers['www-authenticate']);
  const shedding = LOAD_SHEDDING.test(`${body}${headers['location'] ?? ''}`) || isClosed;
  // IIS puts "invalid credentials" on its page for every 401, also for the first leg of NTLM.
  if (WRONG_CREDENTIALS.test(body) && !isPage(body) && !shedding) {
    return passwordRefused(String(httpStatus ?? 'credentials'), true);
  }
  if (httpStatus === 401 || (httpStatus === null && UNAUTHORIZED_TEXT.test(body))) {
    // The first leg of NTLM looks the same as a refusal: a login that was answered so is believed when it repeats.
    if (isLogin) return shedding ? loadShed(answer) : passwordRefused('401', true);
    return tokenRefused('401');
  }
  if (httpStatus === 403) return verdict('admin_action', 'admin_policy_enforced', { providerCode: '403' });
  if (httpStatus === 404 || httpStatus === 405) {
    return verdict('misconfigured', 'app_credentials_invalid', { providerCode: String(httpStatus) });
  }
  return classifyNetwork(answer);
}

/** Servers count a login that they turn away: the next one waits until the lock-out's window has passed. */
const SHED_LOGIN_MS = 10 * 60_000;

function loadShed(answer: ProviderAnswer): Verdict {
  const waitMs = Math.max(SHED_LOGIN_MS, backOffMs(answer) ?? 0);
  return verdict('transient', 'provider_unavailable', { providerCode: '401', retryAfterMs: waitMs });
}

function passwordRefused(providerCode: string, vague: boolean): Verdict {
  return verdict('reauth_required', 'password_changed', { providerCode, vague });
}
