import { rateLimited, retryAfterMs, tokenRefused, verdict } from '../../domain/verdict-builders.ts';
import type { ProviderAnswer, StatusReason, Verdict } from '../../domain/verdict.ts';
import { classifyGeneric } from '../answers/oauth-errors.ts';
import { outagesFirst } from '../answers/outages.ts';
import type { Classifier } from '../answers/outages.ts';
import { oauthRefusal } from '../answers/text.ts';
import type { ProviderFile } from './file-format.ts';

type Rule = ProviderFile['errors'][number];

/** The reason of a verdict to which a file gives none. */
const REASONS: Record<Rule['verdict'], StatusReason> = {
  reauth_required: 'access_revoked',
  transient: 'provider_unavailable',
  rate_limited: 'rate_limited',
  misconfigured: 'app_credentials_invalid',
  insufficient_scope: 'insufficient_scope',
  account_gone: 'account_disabled',
  admin_action: 'admin_policy_enforced',
};

/**
 * The map of a file: its own words first, then those of any OAuth server. An outage stays one in any words (rule 5), and
 * a refused access token is for the token endpoint to judge.
 */
export function classifierOf({ errors, access_token: { expires } }: ProviderFile): Classifier {
  return outagesFirst((answer) => {
    const rule = errors.find((one) => fits(one, answer));
    if (rule) return verdictOf(rule, answer);
    if (answer.httpStatus !== 401) return classifyGeneric(answer);
    if (answer.operation !== 'refresh') return tokenRefused('401');
    // Where nothing is refreshed, the call that proves the token is its refresh, and no other answer will come.
    return expires
      ? classifyGeneric(answer)
      : verdict('reauth_required', 'access_revoked', { providerCode: '401', vague: true });
  });
}

function fits(rule: Rule, { operation, httpStatus, body }: ProviderAnswer): boolean {
  const isToken = operation === 'refresh' || operation === 'login';
  if (rule.at !== undefined && (rule.at === 'token') !== isToken) return false;
  if (rule.status !== undefined && rule.status !== httpStatus) return false;
  if (rule.error !== undefined && !isSame(rule.error, oauthRefusal(body)?.error ?? '')) return false;
  return rule.says === undefined || body.toLowerCase().includes(rule.says.toLowerCase());
}

const isSame = (one: string, other: string) => one.toLowerCase() === other.toLowerCase();

function verdictOf(rule: Rule, answer: ProviderAnswer): Verdict {
  const providerCode = rule.error ?? oauthRefusal(answer.body)?.error ?? String(answer.httpStatus ?? rule.verdict);
  if (rule.verdict === 'rate_limited') return rateLimited(retryAfterMs(answer), providerCode);
  return verdict(rule.verdict, rule.reason ?? REASONS[rule.verdict], { providerCode, vague: rule.vague });
}
