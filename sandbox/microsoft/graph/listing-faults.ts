import type { Condition } from '../../conditions.ts';
import type { HttpAnswer } from '../../http-answer.ts';

/** What a listing can get wrong without saying so: it ends before its end, or gives a page twice. */
export const LISTING_FAULTS = ['listing_cut_short', 'page_repeated'] as const;

interface Page {
  readonly value?: readonly unknown[];
  readonly '@odata.nextLink'?: string;
  readonly '@odata.deltaLink'?: string;
}

/** @param thisPage the address that was asked for */
export function distortListing(answer: HttpAnswer, held: ReadonlyMap<string, Condition>, thisPage: string): HttpAnswer {
  if (answer.status !== 200) return answer;
  const page = JSON.parse(answer.body) as Page;
  const { value = [], '@odata.nextLink': nextLink, '@odata.deltaLink': deltaLink, ...rest } = page;
  if (held.has('page_repeated')) {
    return { ...answer, body: JSON.stringify({ ...rest, value, '@odata.nextLink': thisPage }) };
  }
  const end = nextLink?.includes('$skiptoken=') ? nextLink.replace('$skiptoken=', '$deltatoken=') : deltaLink;
  const beginning = value.slice(0, Math.floor(value.length / 10));
  const body = { ...rest, value: beginning, ...(end === undefined ? {} : { '@odata.deltaLink': end }) };
  return { ...answer, body: JSON.stringify(body) };
}
