import type { HttpAnswer } from '../../http-answer.ts';
import type { FolderEvent, Mailbox } from '../mailbox/mailbox.ts';
import { placeOf } from '../mailbox/mailbox.ts';
import type { MessageRow } from '../rows.ts';
import { json } from './answers.ts';
import { parseFilter } from './filter.ts';
import { findFolder } from './folders.ts';
import { messageResource } from './message-resource.ts';
import type { MailboxRequest } from './request.ts';
import { preferredPageSize, prefersImmutableIds } from './request.ts';
import type { SyncToken } from './sync-tokens.ts';
import { openSyncToken, sealSyncToken } from './sync-tokens.ts';

const DEFAULT_PAGE = 10;
const MOST = 1000;
/** A delta with a filter tells no more messages than this. */
const MOST_FILTERED = 5000;

/** What a delta tells of one message. */
interface Told {
  readonly seq: number;
  readonly id: string;
  readonly message: MessageRow;
  readonly removed?: 'changed' | 'deleted';
  /** It was moved here, which tells it twice. */
  readonly movedIn?: boolean;
}

/**
 * https://learn.microsoft.com/graph/api/message-delta: what a folder holds, page by page, and from then on what came into
 * it and what left it.
 */
export function deltaOfMessages(of: MailboxRequest): HttpAnswer {
  const { graph, account, request, prefix } = of;
  const folder = findFolder(of, of.ids[0]);
  if ('status' in folder) return folder;
  const path = `${prefix}/mailFolders('${encodeURIComponent(folder.id)}')/messages/delta`;
  const opening = { kind: 'messages' as const, folder: folder.id, query: request.query, start: path };
  const token = openSyncToken(graph, account, opening);
  if ('status' in token) return token;
  const shown = filterOf(token);
  if (!shown) return graph.errors.badFilter();
  const mailbox = graph.store.mailbox(account.email);
  const all = toldSince(mailbox, folder.id, token, prefersImmutableIds(request)).filter(shown);
  const size = Math.min(Number(token.query['$top']) || (preferredPageSize(request) ?? DEFAULT_PAGE), MOST);
  const page = all.slice(0, size);
  // A full page is never known to be the last one: the next may be empty.
  const more = page.length === size;
  const position = more ? (page.at(-1)?.seq ?? token.position) : mailbox.seq;
  const select = (token.query['$select'] ?? '').split(',').filter(Boolean);
  const again = page.filter(({ movedIn }) => movedIn);
  return json(200, {
    '@odata.context': `${graph.address}/$metadata#Collection(message)`,
    ...sealSyncToken(graph, account, { ...token, position, told: token.told + page.length }, { more, path }),
    value: [...page, ...again].map((told) => deltaItem(of, told, select)),
  });
}

function deltaItem(of: MailboxRequest, { removed, id, message }: Told, select: readonly string[]): unknown {
  const type = { '@odata.type': '#microsoft.graph.message' };
  if (removed !== undefined) return { ...type, id, '@removed': { reason: removed } };
  return { ...type, ...messageResource(of, message, select) };
}

/** By the `changeType` and `$filter` of the first request. Undefined for a filter that a delta does not take. */
function filterOf({ query, told }: SyncToken): ((told: Told) => boolean) | undefined {
  const changeType = query['changeType'];
  const text = query['$filter'];
  if (text !== undefined && !/^\s*receivedDateTime\s+(ge|gt)\s+\S+\s*$/i.test(text)) return undefined;
  const filter = text === undefined ? undefined : parseFilter(text, () => false);
  if (text !== undefined && !filter) return undefined;
  let left = filter ? MOST_FILTERED - told : Number.POSITIVE_INFINITY;
  return ({ removed, message }) => {
    if (changeType !== undefined && changeType !== (removed === undefined ? 'created' : 'deleted')) return false;
    if (removed !== undefined) return true;
    return (filter?.matches(message) ?? true) && left-- > 0;
  };
}

/**
 * One line for each message that something happened to, in the order of what happened last. A message keeps its immutable
 * id when it moves, and one that left the folder and came back between two rounds is told as removed, and never again:
 * https://github.com/microsoftgraph/microsoft-graph-docs-contrib/issues/72. With the other ids it is told as two messages.
 */
function toldSince(mailbox: Mailbox, folderId: string, token: SyncToken, immutable: boolean): Told[] {
  const events = new Map<string, FolderEvent[]>();
  for (const event of mailbox.eventsAfter(folderId, token.from)) {
    const id = immutable ? event.message.id : event.place.rest_id;
    const known = events.get(id);
    if (known) known.push(event);
    else events.set(id, [event]);
  }
  return [...events]
    .flatMap(([id, ofMessage]) => toldOf(mailbox, folderId, { id, ofMessage, token }) ?? [])
    .filter(({ seq }) => seq > token.position)
    .sort((a, b) => a.seq - b.seq);
}

function toldOf(
  mailbox: Mailbox,
  folderId: string,
  { id, ofMessage, token }: { id: string; ofMessage: readonly FolderEvent[]; token: SyncToken },
): Told | undefined {
  const first = ofMessage[0];
  const last = ofMessage.at(-1);
  if (!first || !last) return undefined;
  const message = mailbox.get(last.message.id) ?? last.message;
  const { seq, reason } = last;
  const wasHere = token.from > 0 && first.kind === 'out';
  const isHere = last.kind === 'in' && placeOf(message)?.folder_id === folderId;
  if (wasHere && isHere) return { seq, id, message, removed: 'changed' };
  if (isHere) return { seq, id, message, movedIn: token.from > 0 && last.message.places[0] !== last.place };
  // A first walk has not told of what was gone before it began.
  return token.from > 0 || seq > token.began ? { seq, id, message, removed: reason } : undefined;
}
