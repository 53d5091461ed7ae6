import { parseJson } from '../answers/text.ts';
import type { ScopeReference, TimeWindow, WindowPage } from '../contract.ts';
import { itemsOf } from './changes.ts';
import type { GraphClient } from './client.ts';
import type { Dates } from './dates.ts';
import { windowPosition } from './schema.ts';
import type { MessagePage, WindowPosition } from './schema.ts';

/** Graph's largest page. */
const MOST_ITEMS = 1_000;
/** More messages of one second than this are listed by Graph's own links. */
const MOST_SEEN = 200;

/**
 * One page of a folder's messages dated in the window, newest first. Pages continue by date: Graph's own links count
 * messages (`$skip`), so that one that is deleted meanwhile would hide another.
 */
export async function listWindow(
  { client, dates }: { client: GraphClient; dates: Dates },
  { scope }: ScopeReference,
  window: TimeWindow,
  position: string | null,
  limit: number,
): Promise<WindowPage> {
  const at = position === null ? null : windowPosition.parse(parseJson(position));
  const before = at && 'before' in at ? at : { before: inSeconds(window.to, Math.ceil), seen: [] };
  const page =
    at && 'link' in at
      ? await client.messagesAt(at.link)
      : await client.messages(scope, {
          $select: 'id,receivedDateTime',
          $filter: `receivedDateTime ge ${inSeconds(window.from, Math.floor)} and receivedDateTime le ${before.before}`,
          $orderby: 'receivedDateTime desc',
          $top: String(Math.min(limit + before.seen.length, MOST_ITEMS)),
        });
  const items = itemsOf(page, dates).filter(({ providerId }) => !before.seen.includes(providerId));
  const next = nextPosition(page, before);
  return { items, newestFirst: true, position: next && JSON.stringify(next), estimate: null };
}

function nextPosition(page: MessagePage, from: { before: string; seen: string[] }): WindowPosition | null {
  const link = page['@odata.nextLink'];
  if (link === undefined) return null;
  const last = page.value.at(-1)?.receivedDateTime;
  if (last === undefined) return { link };
  const before = new Date(last).toISOString();
  const isSame = Date.parse(before) === Date.parse(from.before);
  const ofLast = page.value.filter(({ receivedDateTime }) => receivedDateTime === last).map(({ id }) => id);
  const seen = [...new Set([...(isSame ? from.seen : []), ...ofLast])];
  return seen.length > MOST_SEEN ? { link } : { before, seen };
}

/** Graph dates mail in whole seconds. */
function inSeconds(date: Date, round: (seconds: number) => number): string {
  return new Date(round(date.getTime() / 1_000) * 1_000).toISOString();
}

/** When the newest message came; null in an empty mailbox. */
export async function readNewestDate(client: GraphClient): Promise<Date | null> {
  const parameters = { $select: 'id,receivedDateTime', $orderby: 'receivedDateTime desc', $top: '1' };
  const { value } = await client.messages(null, parameters);
  const newest = value[0]?.receivedDateTime;
  return newest === undefined ? null : new Date(newest);
}
