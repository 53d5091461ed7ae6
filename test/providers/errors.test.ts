import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OPERATIONS, STATUS_REASONS, VERDICT_KINDS } from '../../domain/verdict.ts';
import type { ProviderAnswer } from '../../domain/verdict.ts';
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
});
