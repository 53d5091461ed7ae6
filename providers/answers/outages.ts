import type { ProviderAnswer, Verdict } from '../../domain/verdict.ts';
import { isPage } from './text.ts';
import { rateLimited, retryAfterMs, unknown } from '../../domain/verdict-builders.ts';

export type Classifier = (answer: ProviderAnswer) => Verdict;

/** 64 Ki characters: what is longer is a page or a listing, its end tells nothing, and a server must not hold us up. */
const LONGEST_BODY = 65_536;

/**
 * Rule 5, for every map alike: too many requests and a server's failure are that, whatever words are inside, and a page
 * for people says nothing but its status. Words alone may raise a failure to a limit, never to something that a person
 * has to do. A sign-in is the exception for pages, for providers tell a browser there what is wrong.
 *
 * `saysFault` tells the protocols that report everything with 500 (SOAP); there the words decide.
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
