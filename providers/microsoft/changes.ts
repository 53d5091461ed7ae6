import { verdict } from '../../domain/verdict-builders.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { parseJson } from '../answers/text.ts';
import type { ChangePage, ListedItem, ScopeReference, WalkPage } from '../contract.ts';
import type { GraphClient } from './client.ts';
import type { Dates } from './dates.ts';
import { cursor as cursorSchema } from './schema.ts';
import type { MessagePage } from './schema.ts';

/** Graph takes more, and then times out on heavy pages. */
const PAGE_ITEMS = 100;
/** Pages of a walk hold ids alone. */
const WALK_ITEMS = 500;

/**
 * One page of a folder's changes (delta query). Changes are no proof of completeness: a message that is moved away and back
 * between two rounds is told as removed, and never again. Windows are the truth, and the daily comparison lists them.
 */
export async function listChanges(
  { client, dates }: { client: GraphClient; dates: Dates },
  { scope }: ScopeReference,
  cursor: string,
  limit: number,
): Promise<ChangePage> {
  const page = await client.changes(scope, readLink(cursor), Math.min(limit, PAGE_ITEMS));
  const more = page['@odata.nextLink'];
  return { items: itemsOf(page, dates), cursor: formatLink(linkOf(page)), more: more !== undefined, at: page.at };
}

/**
 * One page of the walk through a folder at whose end its first cursor stands. Graph has no cursor as of now: with a token of
 * `latest` it lists everything, and a filter by date would stay in the cursor and hide older mail that is moved in.
 */
export async function walkFolder(client: GraphClient, scope: string, position: string | null): Promise<WalkPage> {
  const page = await client.changes(scope, position === null ? null : readLink(position), WALK_ITEMS);
  const link = formatLink(linkOf(page));
  return page['@odata.nextLink'] === undefined ? { position: null, cursor: link } : { position: link, cursor: null };
}

export function itemsOf({ value }: MessagePage, dates: Dates): ListedItem[] {
  const present = value.filter((message) => message['@removed'] === undefined);
  for (const { id, receivedDateTime } of present) if (receivedDateTime) dates.keep(id, new Date(receivedDateTime));
  return [...new Set(present.map(({ id }) => id))].map((providerId) => ({ providerId, generation: '' }));
}

function linkOf(page: MessagePage): string {
  const link = page['@odata.nextLink'] ?? page['@odata.deltaLink'];
  if (link !== undefined) return link;
  const failure = verdict('transient', 'provider_unavailable', { providerCode: 'unexpected_answer' });
  throw new ProviderError('messages.delta answered a page without a link', failure);
}

const formatLink = (link: string) => JSON.stringify({ link });

function readLink(text: string): string {
  const parsed = cursorSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data.link;
  throw new ProviderError('the cursor is not one of Graph', verdict('cursor_expired', null));
}
