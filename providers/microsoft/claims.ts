import type { ProviderAnswer, Verdict } from '../../domain/verdict.ts';
import { objectsWithin, textOf } from '../answers/text.ts';

/**
 * Adds the claims that Entra asks for: of a challenge by Graph (continuous access evaluation), base64 in a header; of a
 * refused refresh, as text in its body (learn.microsoft.com/entra/identity-platform/claims-challenge).
 */
export function withClaims(answer: ProviderAnswer, verdict: Verdict): Verdict {
  const claims = challengedClaims(answer.headers['www-authenticate'] ?? '') ?? refusedClaims(answer.body);
  return claims === null ? verdict : { ...verdict, claims };
}

/** Several challenges may come in any order, and base64 has `=` within: the parameter is found by its quotes. */
function challengedClaims(header: string): string | null {
  if (!/\berror="?insufficient_claims/i.test(header)) return null;
  const encoded = /\bclaims="([\w+/=-]+)"/i.exec(header)?.[1];
  return encoded === undefined ? null : asObject(Buffer.from(encoded, 'base64').toString('utf8'));
}

function refusedClaims(body: string): string | null {
  const [refusal] = objectsWithin(body);
  const claims = refusal && textOf(refusal['error']) !== null ? textOf(refusal['claims']) : null;
  return claims === null ? null : asObject(claims);
}

/** What is no JSON object is not sent on: it would end every later refresh. */
function asObject(text: string): string | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed) ? text : null;
  } catch {
    return null;
  }
}
