import type { HttpAnswer } from '../../http-answer.ts';
import { placeOf } from '../mailbox/mailbox.ts';
import type { MessageRow } from '../rows.ts';
import { json } from './answers.ts';
import { parseFilter } from './filter.ts';
import { findFolder } from './folders.ts';
import { messageResource } from './message-resource.ts';
import { pageOf } from './paging.ts';
import type { MailboxRequest } from './request.ts';
import { preferredPageSize } from './request.ts';

const DEFAULT_PAGE = 10;

/** https://learn.microsoft.com/graph/api/user-list-messages: of a folder, or of all of them, Deleted Items too. */
export function listMessages(of: MailboxRequest): HttpAnswer {
  const { graph, account, request, prefix, ids } = of;
  const folder = ids[0] === undefined ? undefined : findFolder(of, ids[0]);
  if (folder && 'status' in folder) return folder;
  const mailbox = graph.store.mailbox(account.email);
  const sorted = inOrder(of, mailbox.newestFirst(folder?.id));
  if ('status' in sorted) return sorted;
  const below = folder ? `mailFolders('${encodeURIComponent(folder.id)}')/messages` : 'messages';
  const { items, nextLink } = pageOf(sorted.messages, request.query, {
    size: preferredPageSize(request) ?? DEFAULT_PAGE,
    address: `${graph.address}/${prefix}/${below}`,
  });
  return json(200, {
    '@odata.context': `${graph.address}/$metadata#users('${account.oid}')/messages`,
    ...(request.query.get('$count') === 'true' ? { '@odata.count': sorted.messages.length } : {}),
    value: items.map((row) => messageResource(of, row)),
    ...(nextLink === undefined ? {} : { '@odata.nextLink': nextLink }),
  });
}

/** Filtered and ordered; what is ordered by has to be filtered by first. */
function inOrder(
  { graph, account, request }: MailboxRequest,
  newestFirst: readonly MessageRow[],
): { readonly messages: readonly MessageRow[] } | HttpAnswer {
  const order = /^receivedDateTime(?:\s+(asc|desc))?$/i.exec(request.query.get('$orderby') ?? 'receivedDateTime desc');
  if (!order) return graph.errors.inefficientFilter();
  const text = request.query.get('$filter');
  const drafts = graph.store.mailbox(account.email).folder('drafts')?.id;
  const filter = text === null ? null : parseFilter(text, (row) => placeOf(row)?.folder_id === drafts);
  if (filter === undefined) return graph.errors.badFilter();
  if (filter && request.query.has('$orderby') && filter.properties[0] !== 'receivedDateTime') {
    return graph.errors.inefficientFilter();
  }
  const matching = filter ? newestFirst.filter(filter.matches) : newestFirst;
  return { messages: order[1]?.toLowerCase() === 'desc' ? matching : matching.toReversed() };
}
