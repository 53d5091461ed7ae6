import type { HttpAnswer } from '../../http-answer.ts';
import { placeOf } from '../mailbox/mailbox.ts';
import { ROOT } from '../mailbox/well-known-folders.ts';
import type { FolderRow } from '../rows.ts';
import { json } from './answers.ts';
import { pageOf } from './paging.ts';
import type { MailboxRequest } from './request.ts';
import { preferredPageSize, selected } from './request.ts';
import { openSyncToken, sealSyncToken } from './sync-tokens.ts';

const DEFAULT_PAGE = 10;

/** https://learn.microsoft.com/graph/api/user-list-mailfolders: the top ones, ten a page unless more are asked for. */
export function listFolders(of: MailboxRequest): HttpAnswer {
  return listBelow(of, of.graph.store.mailbox(of.account.email).folder(ROOT), 'mailFolders');
}

export function listChildFolders(of: MailboxRequest): HttpAnswer {
  const parent = findFolder(of, of.ids[0]);
  if ('status' in parent) return parent;
  return listBelow(of, parent, `mailFolders('${encodeURIComponent(parent.id)}')/childFolders`);
}

function listBelow(of: MailboxRequest, parent: FolderRow | undefined, path: string): HttpAnswer {
  const { graph, account, request, prefix } = of;
  const withHidden = request.query.get('includeHiddenFolders') === 'true';
  const children = graph.store
    .mailbox(account.email)
    .folders()
    .filter((row) => row.parent_id === parent?.id && parent !== undefined && (withHidden || !row.hidden))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const { items, nextLink } = pageOf(children, request.query, {
    size: DEFAULT_PAGE,
    address: `${graph.address}/${prefix}/${path}`,
  });
  return json(200, {
    '@odata.context': `${graph.address}/$metadata#users('${account.oid}')/mailFolders`,
    value: items.map((row) => folderResource(of, row)),
    ...(nextLink === undefined ? {} : { '@odata.nextLink': nextLink }),
  });
}

export function getFolder(of: MailboxRequest): HttpAnswer {
  const folder = findFolder(of, of.ids[0]);
  if ('status' in folder) return folder;
  const context = `${of.graph.address}/$metadata#users('${of.account.oid}')/mailFolders/$entity`;
  return json(200, { '@odata.context': context, ...folderResource(of, folder) });
}

/** The folder of an id or a well-known name, or the error. */
export function findFolder({ graph, account }: MailboxRequest, id = ''): FolderRow | HttpAnswer {
  const folder = graph.store.mailbox(account.email).folder(id);
  if (folder) return folder;
  return /^A[AQ]Mk/.test(id) ? graph.errors.noSuchFolder() : graph.errors.malformedId();
}

function folderResource({ graph, account, request }: MailboxRequest, row: FolderRow): Record<string, unknown> {
  const mailbox = graph.store.mailbox(account.email);
  const inside = mailbox.newestFirst(row.id);
  const whole = {
    id: row.id,
    displayName: row.name,
    parentFolderId: row.parent_id ?? row.id,
    childFolderCount: mailbox.folders().filter(({ parent_id }) => parent_id === row.id).length,
    unreadItemCount: inside.length,
    totalItemCount: inside.length,
    sizeInBytes: inside.length * 2048,
    isHidden: row.hidden,
  };
  const names = selected(request.query);
  if (names.length === 0) return whole;
  return Object.fromEntries(Object.entries(whole).filter(([name]) => name === 'id' || names.includes(name)));
}

/**
 * https://learn.microsoft.com/graph/api/mailfolder-delta: the folders of all levels, of messages nothing; a folder is told
 * again when its counts change.
 */
export function deltaOfFolders(of: MailboxRequest): HttpAnswer {
  const { graph, account, request, prefix } = of;
  const path = `${prefix}/mailFolders/delta`;
  const token = openSyncToken(graph, account, { kind: 'folders', folder: '', query: request.query, start: path });
  if ('status' in token) return token;
  const mailbox = graph.store.mailbox(account.email);
  const shown = mailbox
    .folders()
    .filter((row) => row.parent_id !== null && !row.hidden)
    .map((row) => ({ row, seq: changedAt(of, row) }))
    .filter(({ seq }) => seq > token.position)
    .sort((a, b) => a.seq - b.seq);
  const size = preferredPageSize(request) ?? 50;
  const page = shown.slice(0, size);
  const position = page.length < size ? mailbox.seq : (page.at(-1)?.seq ?? mailbox.seq);
  const link = sealSyncToken(graph, account, { ...token, position }, { more: page.length === size, path });
  return json(200, {
    '@odata.context': `${graph.address}/$metadata#Collection(mailFolder)`,
    ...link,
    value: page.map(({ row }) => ({ '@odata.type': '#microsoft.graph.mailFolder', ...folderResource(of, row) })),
  });
}

function changedAt({ graph, account }: MailboxRequest, row: FolderRow): number {
  const events = graph.store.mailbox(account.email).eventsAfter(row.id, row.seq);
  return events.at(-1)?.seq ?? row.seq;
}

/** Whether a message lies in this folder. */
export function liesIn(folder: FolderRow, message: Parameters<typeof placeOf>[0]): boolean {
  return placeOf(message)?.folder_id === folder.id;
}
