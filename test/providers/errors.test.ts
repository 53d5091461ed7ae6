import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OPERATIONS, STATUS_REASONS, VERDICT_KINDS } from '../../domain/verdict.ts';
import type { Operation, ProviderAnswer, Verdict } from '../../domain/verdict.ts';
import { explainLine } from '../../explain.ts';
import { CLASSIFIERS } from '../../providers/classifiers.ts';

interface Line {
  id: string;
  provider: keyof typeof CLASSIFIERS;
  expected: string;
}

/**
 * Answers whose bytes do not tell what they mean; only repeating the attempt does. None of the sample is judged
 * wrongly today. What is listed here later must say why no parser can do better.
 */
const UNDECIDABLE = new Map<string, string>();

function linesOf(file: string): string[] {
  const text = readFileSync(new URL(`../fixtures/${file}`, import.meta.url), 'utf8');
  return text.split('\n').filter(Boolean);
}

describe.each(['provider-errors.jsonl', 'further-provider-answers.jsonl'])('%s', (file) => {
  it.each(linesOf(file).map((line) => [(JSON.parse(line) as Line).id, line]))('%s', (id, line) => {
    const { expected, provider } = JSON.parse(line) as Line;
    const { verdict } = JSON.parse(explainLine(line)) as { verdict: string };
    if (UNDECIDABLE.has(id)) expect(verdict).not.toBe(expected);
    else expect(`${provider}: ${verdict}`).toBe(`${provider}: ${expected}`);
  });
});

const classifiers = Object.entries(CLASSIFIERS);

describe.each(classifiers)('the map of %s', (_name, classify) => {
  const body = fc.oneof(
    fc.string(),
    fc.json(),
    fc.constantFrom('', 'null', '[]', '{}', '{"error":null}', '{"error":{}}', '[{"errorCode":3}]', '{"error":7}'),
    fc.record({ error: fc.anything(), error_description: fc.anything() }).map((json) => JSON.stringify(json)),
  );
  const answers: fc.Arbitrary<ProviderAnswer> = fc.record({
    operation: fc.constantFrom(...OPERATIONS),
    httpStatus: fc.option(fc.integer({ min: 100, max: 599 })),
    headers: fc.dictionary(fc.constantFrom('retry-after', 'date', 'www-authenticate', 'connection'), fc.string()),
    body,
  });

  it('has a verdict for everything', () => {
    fc.assert(
      fc.property(answers, (answer) => {
        const verdict = classify(answer);
        expect(VERDICT_KINDS).toContain(verdict.kind);
        if (verdict.reason !== null) expect(STATUS_REASONS).toContain(verdict.reason);
        if (verdict.retryAfterMs !== null) expect(verdict.retryAfterMs).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  // Rule 5: timeouts, 5xx, 429, HTML, DNS and a wrong client secret never send a person to sign in.
  const harmless: [string, Partial<ProviderAnswer>][] = [
    ['an outage', { httpStatus: 503, body: '' }],
    ['a gateway', { httpStatus: 502, body: '<html><body><h1>502 Bad Gateway</h1></body></html>' }],
    ['a captive portal', { httpStatus: 200, body: '<!doctype html><form>Password <input name=password></form>' }],
    ['a firewall', { httpStatus: 403, body: '<html>Request blocked. Reference 18.1f2</html>' }],
    ['too many requests', { httpStatus: 429, body: '' }],
    ['a timeout', { httpStatus: null, body: 'TimeoutError: The operation was aborted due to timeout' }],
    ['no name', { httpStatus: null, body: 'Error: getaddrinfo ENOTFOUND mail.example.org' }],
    ['no answer', { httpStatus: null, body: 'Error: connect ECONNREFUSED 192.0.2.1:993' }],
    ['a bad certificate', { httpStatus: null, body: 'Error: certificate has expired (CERT_HAS_EXPIRED)' }],
    ['a wrong secret', { httpStatus: 401, body: '{"error":"invalid_client","error_description":"Unauthorized"}' }],
  ];
  it.each(harmless)('never sends a person to sign in for %s', (_what, answer) => {
    for (const operation of ['refresh', 'api', 'import', 'subscribe'] as const) {
      const verdict = classify({ operation, httpStatus: null, headers: {}, body: '', ...answer });
      expect(verdict.kind).not.toMatch(/reauth_required|insufficient_scope|account_gone/);
    }
  });
});

const lines = ['provider-errors.jsonl', 'further-provider-answers.jsonl'].flatMap(linesOf);
const answers = lines.map((line) => JSON.parse(line) as Line & { headers?: Record<string, string>; body: string });
const lowerCase = (headers: Record<string, string> = {}) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));

type Try = Omit<ProviderAnswer, 'headers'> & { headers?: Record<string, string> };

/** What the map says of each, where it is not among `allowed`. */
function wrong(classify: (answer: ProviderAnswer) => Verdict, tries: Try[], allowed: RegExp): string[] {
  return tries.flatMap(({ headers, ...answer }) => {
    const { kind } = classify({ ...answer, headers: lowerCase(headers) });
    return allowed.test(kind) ? [] : [`${kind}: ${answer.operation} ${answer.httpStatus} ${answer.body}`];
  });
}

const NOT_THE_PERSONS = /^(transient|rate_limited|misconfigured|cursor_expired|admin_action)$/;

/** Rule 5, with every word that any provider was ever seen to say, at every operation, in every map. */
describe.each(classifiers)('with any words inside, the map of %s', (name, classify) => {
  const everywhere = OPERATIONS.flatMap((operation) =>
    answers.map(({ headers, body }) => ({ operation, body, ...(headers ? { headers } : {}) })),
  );

  it('calls 429 a limit', () => {
    const tries = everywhere.map((answer) => ({ ...answer, httpStatus: 429 }));
    expect(wrong(classify, tries, /^rate_limited$/)).toEqual([]);
  });

  it.each([500, 503, 520])('calls %i an outage', (httpStatus) => {
    // SOAP reports everything with 500.
    const isFault = (body: string) => httpStatus === 500 && /fault|\bError[A-Z]/i.test(body);
    const tries = everywhere
      .filter(({ body }) => !/^(exchange|salesforce)$/.test(name) || !isFault(body))
      .map((answer) => ({ ...answer, httpStatus }));
    expect(wrong(classify, tries, /^(transient|rate_limited)$/)).toEqual([]);
  });

  it('takes no word from a page that is no sign-in', () => {
    const tries = everywhere
      .filter(({ operation }) => operation !== 'login')
      .flatMap(({ operation, body }) =>
        [200, 302, 400, 403, 404].map((httpStatus) => ({
          operation,
          httpStatus,
          body: `<!DOCTYPE html><html><title>Blocked</title><body>${body.replaceAll('<', '&lt;')}</body></html>`,
        })),
      );
    expect(wrong(classify, tries, NOT_THE_PERSONS)).toEqual([]);
  });

  it.each([
    'invalid_client',
    'unauthorized_client',
    'invalid_request',
    'unsupported_grant_type',
    'redirect_uri_mismatch',
  ])('tells the operator about %s, and no person', (error) => {
    const body = JSON.stringify({ error });
    const tries = (operations: readonly Operation[]): Try[] =>
      operations.flatMap((operation) => [400, 401, 403].map((httpStatus) => ({ operation, httpStatus, body })));
    expect(wrong(classify, tries(['refresh']), /^misconfigured$/)).toEqual([]);
    expect(wrong(classify, tries(OPERATIONS), NOT_THE_PERSONS)).toEqual([]);
  });

  // A pattern that tries every end from every start takes minutes for these.
  const snares = [
    '[LIMIT ',
    '[A',
    '{"a":',
    '{"status":"4","schemes":"',
    'googleapi: Error 403: a, ',
    'error=a&',
    'code: x ',
  ];
  it.each([...snares, 'INVALID_SESSION_ID: ', '+ AAAAAAAAAAAAAAAAAA\n', 'AB_CD_', 'restricted by ', '<title>'])(
    'is not held up by %j for ever',
    (snare) => {
      const startedAt = performance.now();
      classify({ operation: 'login', httpStatus: null, headers: {}, body: snare.repeat(100_000) });
      expect(performance.now() - startedAt).toBeLessThan(3_000);
    },
  );

  it('believes no refused access token at once', () => {
    for (const { headers, body } of answers) {
      const verdict = classify({ operation: 'api', httpStatus: 401, headers: lowerCase(headers), body });
      if (!verdict.tokenRefused) continue;
      const line = { id: 'x', provider: name, operation: 'api', http_status: 401, headers, body };
      expect(JSON.parse(explainLine(JSON.stringify(line)))).toMatchObject({ verdict: 'transient', action: 'none' });
    }
  });
});

function wait(provider: string, http_status: number, headers: Record<string, string>, body = ''): number | null {
  const line = JSON.stringify({ id: 'x', provider, operation: 'import', http_status, headers, body });
  return (JSON.parse(explainLine(line)) as { retry_after_ms: number | null }).retry_after_ms;
}

describe('the time to wait', () => {
  const date = 'Thu, 05 Nov 2026 10:00:00 GMT';

  it('comes from Retry-After, in seconds or as a date', () => {
    expect(wait('microsoft', 429, { 'Retry-After': '120' })).toBe(120_000);
    expect(wait('microsoft', 429, { 'retry-after': 'Thu, 05 Nov 2026 10:02:00 GMT', date })).toBe(120_000);
    expect(wait('google', 503, { 'retry-after': 'Thu, 05 Nov 2026 09:00:00 GMT', date })).toBe(0);
    expect(wait('salesforce', 429, { 'retry-after': 'soon' })).toBeNull();
  });

  it('comes from the message where Gmail, Exchange and Office 365 write it', () => {
    const gmail = '{"error":{"code":429,"message":"User-rate limit exceeded.  Retry after 2026-11-05T10:00:30.500Z"}}';
    expect(wait('google', 429, { date }, gmail)).toBe(30_500);
    const ews = '<t:Value Name="BackOffMilliseconds">297749</t:Value><e:ResponseCode>ErrorServerBusy</e:ResponseCode>';
    expect(wait('exchange', 500, {}, ews)).toBe(297_749);
    expect(wait('imap', 200, {}, 'a BAD Request is throttled. Suggested Backoff Time: 92415 milliseconds')).toBe(
      92_415,
    );
  });

  it('comes in milliseconds from Azure, and from what a server says in its own words', () => {
    expect(wait('microsoft', 429, { 'x-ms-retry-after-ms': '1500', 'retry-after': '2' })).toBe(1500);
    const delay =
      '{"error":{"code":429,"message":"x","details":[{"@type":"google.rpc.RetryInfo","retryDelay":"12.5s"}]}}';
    expect(wait('google', 429, {}, delay)).toBe(12_500);
    expect(wait('imap', 200, {}, 'A1 NO [LIMIT] Too many logins, try again in 5 minutes')).toBe(300_000);
    const batch =
      '{"responses":[{"id":"2","status":429,"headers":{"Retry-After":"10"},"body":{"error":{"code":"x"}}}]}';
    expect(wait('microsoft', 200, {}, batch)).toBe(10_000);
  });
});

/**
 * What `npm run explain` prints of it, apart from the verdict: the reason, the action, the wait, the provider's word.
 */
const IN_FULL: [string, [string | null, string, number | null, string | null]][] = [
  ['g-revoked', ['access_revoked', 'reauthorize', null, 'invalid_grant']],
  ['google-refresh-reauth-required-2', ['session_revoked', 'reauthorize', null, 'invalid_rapt']],
  ['g-access-not-configured', ['app_credentials_invalid', 'fix_app_credentials', null, 'accessNotConfigured']],
  ['g-403-watch-pubsub', ['subscription_renewal_failed', 'fix_app_credentials', null, 'forbidden']],
  ['g-404-history', [null, 'none', null, 'notFound']],
  ['g-403-domain-policy', ['admin_policy_enforced', 'admin_consent', null, 'domainPolicy']],
  ['g-429-exhausted', ['rate_limited', 'none', null, 'rateLimitExceeded']],
  ['google-unticked', ['insufficient_scope', 'reauthorize', null, 'scope']],
  ['ms-50173-adal-shape', ['session_revoked', 'reauthorize', null, 'AADSTS50173']],
  ['ms-700082-2026-msal-wrapped', ['token_idle_expired', 'reauthorize', null, 'AADSTS700082']],
  ['ms-50079-enroll-mfa-claims', ['mfa_required', 'reauthorize', null, 'AADSTS50079']],
  ['ms-53000-device-compliance', ['conditional_access', 'admin_consent', null, 'AADSTS53000']],
  ['microsoft-70002-50057', ['account_disabled', 'contact_support', null, 'AADSTS50057']],
  ['graph-403-access-denied-bare', ['insufficient_scope', 'reauthorize', null, 'ErrorAccessDenied']],
  ['graph-mailbox-inactive', ['mailbox_unavailable', 'contact_support', null, 'MailboxNotEnabledForRESTAPI']],
  ['microsoft-batch-429', ['rate_limited', 'none', 10_000, 'ApplicationThrottled']],
  ['exchange-german-busy', ['rate_limited', 'none', 12_000, 'ErrorServerBusy']],
  ['ews-password-change-required', ['password_changed', 'reauthorize', null, 'ErrorPasswordChangeRequired']],
  ['imap-gmail-authfailed', ['password_changed', 'reauthorize', null, 'AUTHENTICATIONFAILED']],
  ['smtp-gmail-534-app-password', ['mfa_required', 'reauthorize', null, '5.7.9']],
  ['imap-gmail-lookup-failed', ['mailbox_unavailable', 'contact_support', null, 'NO']],
  ['imap-import-rate-limited-3', ['rate_limited', 'none', 92_415, 'BAD']],
  ['sf-expired-refresh', ['access_revoked', 'reauthorize', null, 'invalid_grant']],
  ['sf-oauth-app-blocked', ['admin_consent_required', 'admin_consent', null, 'OAUTH_APP_BLOCKED']],
  ['net-econnreset', ['network', 'none', null, 'connection_lost']],
  ['generic-refresh-misconfigured-1', ['network', 'fix_app_credentials', null, '407']],
];

it.each(IN_FULL)('says in full what %s means', (id, [status_reason, action, retry_after_ms, provider_code]) => {
  const line = lines.find((found) => (JSON.parse(found) as Line).id === id)!;
  expect(JSON.parse(explainLine(line))).toMatchObject({ id, status_reason, action, retry_after_ms, provider_code });
});
