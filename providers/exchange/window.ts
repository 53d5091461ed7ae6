import { parseJson } from '../answers/text.ts';
import type { ScopeReference, TimeWindow, WindowPage } from '../contract.ts';
import type { ExchangeClient } from './client.ts';
import { findInbox } from './folders.ts';
import { windowPosition } from './schema.ts';
import type { WindowPosition } from './schema.ts';
import type { XmlNode } from './soap/node.ts';
import { findItems } from './soap/request.ts';

/** The most items that a default throttling policy finds at once. */
const MOST_FOUND = 1_000;
const SECOND_MS = 1_000;
/** Beyond this many messages within two seconds the position counts messages in place of naming their ids. */
const MOST_SEEN = 200;

interface Found {
  id: string;
  received: string;
}

/**
 * One page of a folder's messages dated in the window, newest first. Pages continue by date: an offset counts messages, so
 * that one that is deleted meanwhile would hide another.
 */
export async function listWindow(
  client: ExchangeClient,
  { scope }: ScopeReference,
  window: TimeWindow,
  position: string | null,
  limit: number,
): Promise<WindowPage> {
  const start = { before: inSeconds(window.to, Math.ceil), seen: [], offset: 0 };
  const from = position === null ? start : windowPosition.parse(parseJson(position));
  const { message } = await client.askOne(
    findItems(scope, {
      from: inSeconds(window.from, Math.floor),
      to: from.before,
      offset: from.offset,
      most: Math.min(limit + from.seen.length, MOST_FOUND),
    }),
    'import',
  );
  const found = foundIn(message);
  const isNew = ({ id }: Found) => !from.seen.includes(id);
  // A seen message that is gone makes room for another one, which is left to the next page.
  const tooMany = found.filter(isNew)[limit];
  const page = tooMany ? found.slice(0, found.indexOf(tooMany)) : found;
  const items = page.filter(isNew).map(({ id }) => ({ providerId: id, generation: '' }));
  const next = isLastPage(message) && !tooMany ? null : nextPosition(page, from);
  return { items, newestFirst: true, position: next && JSON.stringify(next), estimate: null };
}

/**
 * Exchange keeps fractions of the seconds that it tells, so the next page begins with the whole second at which this one
 * ends, up to the first instant of the one above. Messages of both seconds that were listed already are left out.
 */
function nextPosition(found: readonly Found[], from: WindowPosition): WindowPosition | null {
  const last = found.at(-1);
  if (!last) return null;
  const endMs = Math.min(Date.parse(last.received) + SECOND_MS, Date.parse(from.before));
  const counted = { before: from.before, seen: [], offset: from.offset + found.length };
  if (from.offset > 0 || Number.isNaN(endMs)) return counted;
  const before = inSeconds(new Date(endMs), Math.floor);
  const beforeMs = Date.parse(before);
  const isNear = (ms: number) => ms >= beforeMs - SECOND_MS && ms <= beforeMs;
  const near = found.filter(({ received }) => isNear(Date.parse(received))).map(({ id }) => id);
  const seen = [...new Set([...(before === from.before ? from.seen : []), ...near])];
  return seen.length <= MOST_SEEN ? { before, seen, offset: 0 } : counted;
}

function foundIn(message: XmlNode): Found[] {
  return (message.at('RootFolder/Items')?.children ?? []).flatMap((item) => {
    const [id, received] = [item.idAt('ItemId'), item.textAt('DateTimeReceived')];
    return id === null ? [] : { id, received: received ?? '' };
  });
}

function isLastPage(message: XmlNode): boolean {
  return message.at('RootFolder')?.attributes['IncludesLastItemInRange'] !== 'false';
}

/** Exchange tells dates in whole seconds. */
function inSeconds(date: Date, round: (seconds: number) => number): string {
  return new Date(round(date.getTime() / SECOND_MS) * SECOND_MS).toISOString();
}

/** The date of the inbox's newest message; null in an empty one. */
export async function readNewestDate(client: ExchangeClient, mailbox: string | null): Promise<Date | null> {
  const inbox = await findInbox(client, mailbox);
  if (inbox === null) return null;
  const newest = await client.askOne(findItems(inbox, { from: null, to: null, offset: 0, most: 1 }), 'import');
  const received = foundIn(newest.message)[0]?.received;
  return received ? new Date(received) : null;
}
