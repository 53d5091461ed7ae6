import type { ProviderAnswer, Verdict } from '../../domain/verdict.ts';
import { isPage } from './text.ts';
import { rateLimited, retryAfterMs, unknown } from '../../domain/verdict-builders.ts';

export type Classifier = (answer: ProviderAnswer) => Verdict;

/** 64 Ki characters: a longer answer is a page or a listing, whose end adds nothing, and must not cost us time. */
const LONGEST_BODY = 65_536;

/**
 * Rule 5, for every map: 429 and 5xx are a limit and an outage, with any words inside, and an HTML page counts by its
 * status alone. Words may turn an outage into a limit, never into a task for a person. A sign-in is the exception for
 * pages, because providers tell the browser there what is wrong.
 *
 * `saysFault` is true for protocols that report everything with 500 (SOAP); there the words decide.
 */
export function outagesFirst(classify: Classifier, saysFault?: (body: string) => boolean): Classifier {
  return (answer) => {
    const { httpStatus, operation } = answer;
    const body = answer.body.slice(0, LONGEST_BODY);
    const said = classify({ ...answer, body: operation !== 'login' && isPage(body) ? '' : body });
    if (httpStatus === 429) return rateLimited(said.retryAfterMs ?? retryAfterMs(answer), said.providerCode ?? '429');
    if (httpStatus === null || httpStatus < 500 || (httpStatus === 500 && saysFault?.(body))) return said;
    return said.kind === 'rate_limited' ? said : unknown(answer, said.providerCode);
  };
}
