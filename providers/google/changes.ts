import { ProviderError } from '../../domain/verdict.ts';
import { parseJson } from '../answers/text.ts';
import type { ChangePage, ListedItem, TimeWindow, WindowPage } from '../contract.ts';
import { verdict } from '../../domain/verdict-builders.ts';
import type { GmailClient } from './client.ts';
import { cursor as cursorSchema } from './schema.ts';
import type { Cursor, HistoryPage } from './schema.ts';

/** Folders that are never imported. */
const EXCLUDED_LABELS: readonly string[] = ['TRASH', 'SPAM', 'DRAFT'];
/** The largest page of both listings. */
const MAX_RESULTS = 500;

/** Gmail's search does not take small numbers for Unix times, so a window from the beginning of time omits `after:`. */
const EARLIEST_SECONDS = 100_000;
/** No mail is dated after this, and a search may take no larger number: such a window omits `before:`. */
const LATEST_SECONDS = 2 ** 31 - 1;

export function isExcluded(labelIds: readonly string[]): boolean {
  return labelIds.some((label) => EXCLUDED_LABELS.includes(label));
}

export function formatCursor(cursor: Cursor): string {
  return JSON.stringify(cursor);
}

/**
 * One page of changes after the cursor (users.history.list). Messages that left Spam or Trash count as new: they were
 * left out when they arrived.
 *
 * Within a listing the cursor holds its start and a page token; when the token is no longer accepted, the listing
 * begins anew at its start. After the last page it is the history id of the *first* page's answer, so that mail that
 * came while the pages were read is listed twice rather than not at all.
 */
export async function listHistory(client: GmailClient, cursor: string, limit: number): Promise<ChangePage> {
  const from = readCursor(cursor);
  const page = await readPage(client, from, Math.min(limit, MAX_RESULTS));
  const head = page.continued && from.page ? from.page.head : page.historyId;
  const next: Cursor =
    page.nextPageToken === undefined
      ? { historyId: head }
      : { historyId: from.historyId, page: { token: page.nextPageToken, head } };
  return { items: newMessages(page), cursor: formatCursor(next), more: next.page !== undefined, at: page.at };
}

function readCursor(text: string): Cursor {
  const parsed = cursorSchema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new ProviderError('the cursor is not one of the Gmail API', verdict('cursor_expired', null));
}

async function readPage(client: GmailClient, from: Cursor, maxResults: number) {
  const parameters = {
    startHistoryId: from.historyId,
    historyTypes: ['messageAdded', 'labelRemoved'],
    maxResults,
  };
  if (from.page === undefined) return { ...(await client.history(parameters)), continued: false };
  try {
    return { ...(await client.history({ ...parameters, pageToken: from.page.token })), continued: true };
  } catch (error) {
    // A page token expires before a history id. If the id is gone too, the second call fails with it.
    if (!(error instanceof ProviderError) || error.verdict.kind !== 'cursor_expired') throw error;
    return { ...(await client.history(parameters)), continued: false };
  }
}

function newMessages({ history }: HistoryPage): ListedItem[] {
  const ids = new Set<string>();
  for (const record of history) {
    const restored = record.labelsRemoved.filter(({ labelIds }) => isExcluded(labelIds));
    for (const { message } of [...record.messagesAdded, ...restored]) {
      if (!isExcluded(message.labelIds)) ids.add(message.id);
    }
  }
  return [...ids].map((id) => toItem(id));
}

/** One page of messages dated in the window (users.messages.list), newest first. */
export async function listMessages(
  client: GmailClient,
  window: TimeWindow,
  position: string | null,
  limit: number,
): Promise<WindowPage> {
  const fromSeconds = Math.floor(window.from.getTime() / 1000) - 1;
  const after = fromSeconds > EARLIEST_SECONDS ? `after:${fromSeconds} ` : '';
  const toSeconds = Math.ceil(window.to.getTime() / 1000) + 1;
  const before = toSeconds < LATEST_SECONDS ? `before:${toSeconds} ` : '';
  const page = await client.messages({
    q: `${after}${before}-in:drafts`,
    includeSpamTrash: 'false',
    maxResults: Math.min(limit, MAX_RESULTS),
    pageToken: position ?? undefined,
  });
  return {
    items: page.messages.map(({ id }) => toItem(id)),
    newestFirst: true,
    position: page.nextPageToken ?? null,
    estimate: page.resultSizeEstimate ?? null,
  };
}

/** When the newest message came; null in an empty mailbox. */
export async function readNewestDate(client: GmailClient): Promise<Date | null> {
  const { messages } = await client.messages({ q: '-in:drafts', includeSpamTrash: 'false', maxResults: 1 });
  const newest = messages[0] && (await client.message(messages[0].id));
  return newest ? new Date(Number(newest.internalDate)) : null;
}

/** Gmail's message ids are for ever. */
function toItem(id: string): ListedItem {
  return { providerId: id, generation: '' };
}
