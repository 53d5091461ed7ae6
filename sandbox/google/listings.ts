import type { HttpAnswer } from '../http-answer.ts';
import { gmailError, json } from './answers.ts';
import { labelFor, SYSTEM_LABELS } from './labels.ts';
import type { HistoryRecord } from './mailbox.ts';
import type { AccountRow, MessageRow } from './rows.ts';
import { parseQuery, UnknownSearchWord } from './search-query.ts';
import type { GoogleStore } from './store.ts';

const MAX_RESULTS = 500;
const DEFAULT_RESULTS = 100;
const HIDDEN_LABELS = ['SPAM', 'TRASH'];
const HISTORY_TYPES = ['messageAdded', 'messageDeleted', 'labelAdded', 'labelRemoved'];

/** users.messages.list: ids only, newest first. */
export function listMessages(store: GoogleStore, account: AccountRow, query: URLSearchParams): HttpAnswer {
  const limit = maxResults(query);
  if (limit === undefined) return gmailError.invalidArgument('Invalid maxResults');
  const userLabels = store.userLabels(account);
  const labelIds = query.getAll('labelIds');
  try {
    const { matches, folders } = parseQuery(query.get('q') ?? '', (name) => labelIdOf(name, userLabels));
    const showsHidden =
      query.get('includeSpamTrash') === 'true' ||
      labelIds.some((id) => HIDDEN_LABELS.includes(id)) ||
      folders.some((folder) => ['spam', 'trash', 'anywhere'].includes(folder));
    const after = messageOfPageToken(account, query.get('pageToken'));
    if (after === 'invalid') return gmailError.invalidArgument('Invalid pageToken');
    const shown = (message: MessageRow): boolean =>
      (showsHidden || !message.label_ids.some((id) => HIDDEN_LABELS.includes(id))) &&
      labelIds.every((id) => message.label_ids.includes(id)) &&
      matches(message);
    const { page, more } = take(store.mailbox(account.email).olderThan(after), limit, shown);
    const last = page.at(-1);
    return json(200, {
      messages: page.length > 0 ? page.map(reference) : undefined,
      nextPageToken: last && more ? pageTokenAfter(last) : undefined,
      resultSizeEstimate: page.length + (more ? 1 : 0),
    });
  } catch (error) {
    if (error instanceof UnknownSearchWord) return gmailError.invalidArgument(error.message);
    throw error;
  }
}

/** users.history.list: what came and went after `startHistoryId`; 404 once that is too long ago. */
export function listHistory(store: GoogleStore, account: AccountRow, query: URLSearchParams): HttpAnswer {
  const limit = maxResults(query);
  const start = Number(query.get('startHistoryId') || Number.NaN);
  if (limit === undefined) return gmailError.invalidArgument('Invalid maxResults');
  if (!Number.isSafeInteger(start) || start < 0) return gmailError.invalidArgument('Invalid startHistoryId');
  const types = query.getAll('historyTypes');
  const unknown = types.find((type) => !HISTORY_TYPES.includes(type));
  if (unknown !== undefined) return gmailError.invalidArgument(`Invalid value at 'history_types': "${unknown}"`);
  const current = store.historyId(account);
  if (start < account.history_floor || start > current) return gmailError.notFound();
  const pageStart = Number(query.get('pageToken') ?? start);
  if (!Number.isSafeInteger(pageStart)) return gmailError.invalidArgument('Invalid pageToken');
  const labelId = query.get('labelId');
  const records = store.mailbox(account.email).historyAfter(Math.max(start, pageStart));
  const { page, more } = take(
    records,
    limit,
    ({ type, message }) =>
      (types.length === 0 || types.includes(type)) && (labelId === null || message.label_ids.includes(labelId)),
  );
  return json(200, {
    history: page.length > 0 ? page.map(historyResource) : undefined,
    nextPageToken: more ? String(page.at(-1)?.historyId) : undefined,
    historyId: String(current),
  });
}

/** users.labels.list */
export function listLabels(store: GoogleStore, account: AccountRow): HttpAnswer {
  const system = SYSTEM_LABELS.map((id) => ({ id, name: id, type: 'system' }));
  return json(200, {
    labels: [...system, ...store.userLabels(account).map(({ id, name }) => ({ id, name, type: 'user' }))],
  });
}

function reference(message: MessageRow): { id: string; threadId: string } {
  return { id: message.id, threadId: message.id };
}

function historyResource({ historyId, type, message }: HistoryRecord): Record<string, unknown> {
  const change = [{ message: { ...reference(message), labelIds: message.label_ids } }];
  return {
    id: String(historyId),
    messages: [reference(message)],
    ...(type === 'messageAdded' ? { messagesAdded: change } : { messagesDeleted: change }),
  };
}

/** The first `limit` items that match, and whether there is another one. */
function take<T>(
  items: readonly T[],
  limit: number,
  matches: (item: T) => boolean,
): { readonly page: readonly T[]; readonly more: boolean } {
  const page: T[] = [];
  for (const item of items) {
    if (!matches(item)) continue;
    if (page.length === limit) return { page, more: true };
    page.push(item);
  }
  return { page, more: false };
}

/** Undefined when it is no number; more than the most is the most. */
function maxResults(query: URLSearchParams): number | undefined {
  const given = Number(query.get('maxResults') ?? DEFAULT_RESULTS);
  return Number.isInteger(given) && given > 0 ? Math.min(given, MAX_RESULTS) : undefined;
}

/** A token that leads to where a listing begins without one. */
export function firstPageToken(query: URLSearchParams): string {
  const history = query.get('startHistoryId');
  return history ?? pageTokenAt('9999-12-31T23:59:59.999Z', Number.MAX_SAFE_INTEGER);
}

/** A page goes on after the last message of the one before, so arrivals in between shift nothing. */
function pageTokenAfter(message: MessageRow): string {
  return pageTokenAt(message.spec.date, message.history_id);
}

function pageTokenAt(date: string, historyId: number): string {
  return Buffer.from(JSON.stringify([date, historyId])).toString('base64url');
}

function messageOfPageToken(account: AccountRow, token: string | null): MessageRow | undefined | 'invalid' {
  if (token === null) return undefined;
  try {
    const [date, historyId] = JSON.parse(Buffer.from(token, 'base64url').toString()) as [string, number];
    const spec = { message_id: '', from: '', to: '', subject: '', date };
    return { email: account.email, id: '', label_ids: [], history_id: historyId, spec };
  } catch {
    return 'invalid';
  }
}

function labelIdOf(name: string, userLabels: readonly { id: string; name: string }[]): string | undefined {
  const label = labelFor(name.toUpperCase() === 'UNREAD' ? 'UNREAD' : name, userLabels);
  const exists = SYSTEM_LABELS.includes(label.id) || userLabels.some(({ id }) => id === label.id);
  return exists ? label.id : undefined;
}
