import type { Condition } from '../conditions.ts';
import type { HttpAnswer } from '../http-answer.ts';
import { json } from './answers.ts';

/** What a listing can get wrong without saying so: it ends before its end, or gives a page twice. */
export const LISTING_FAULTS = ['listing_cut_short', 'page_repeated'] as const;

interface Listing {
  messages?: unknown[];
  history?: unknown[];
  nextPageToken?: string;
}

export function isListing({ method, path }: { method: string; path: string }): boolean {
  return method === 'GET' && /\/(messages|history)$/.test(path);
}

/** @param thisPage a token that leads to the page answered here */
export function distortListing(answer: HttpAnswer, held: ReadonlyMap<string, Condition>, thisPage: string): HttpAnswer {
  if (answer.status !== 200 || !LISTING_FAULTS.some((fault) => held.has(fault))) return answer;
  const { nextPageToken: _, ...listing } = JSON.parse(answer.body) as Listing;
  if (held.has('page_repeated')) return json(200, { ...listing, nextPageToken: thisPage });
  const { messages, history } = listing;
  return json(200, {
    ...listing,
    ...(messages ? { messages: beginningOf(messages) } : {}),
    ...(history ? { history: beginningOf(history) } : {}),
  });
}

const beginningOf = (items: unknown[]) => items.slice(0, Math.floor(items.length / 10));
