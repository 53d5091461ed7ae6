import { html as xml } from '../../html.ts';
import type { FolderRow } from '../rows.ts';
import { failed, succeeded } from '../soap/answer.ts';
import { EWS } from '../soap/errors.ts';
import { openSyncState, sealSyncState } from '../soap/sync-state.ts';
import type { ExchangeStore } from '../store.ts';
import { folderResource } from './folder-resource.ts';
import type { Operation } from './operation.ts';
import { findFolder, foldersIn } from './operation.ts';

export const getFolder: Operation = (request) =>
  foldersIn(request, 'FolderIds').map((found) => {
    if ('code' in found) return failed('GetFolder', found, xml`<m:Folders/>`);
    return succeeded('GetFolder', xml`<m:Folders>${folderResource(request.store, found.folder)}</m:Folders>`);
  });

/** https://learn.microsoft.com/exchange/client-developer/web-service-reference/findfolder-operation */
export const findFolders: Operation = (request) => {
  const isDeep = request.asked.attributes['Traversal'] === 'Deep';
  const view = request.asked.at('IndexedPageFolderView')?.attributes ?? {};
  const offset = Number(view['Offset'] ?? 0);
  const most = Number(view['MaxEntriesReturned'] ?? 1000);
  return foldersIn(request, 'ParentFolderIds').map((found) => {
    if ('code' in found) return failed('FindFolder', found);
    const all = below(request.store, found.folder, isDeep).filter(({ hidden }) => !hidden);
    const page = all.slice(offset, offset + most);
    const end = offset + page.length;
    return succeeded(
      'FindFolder',
      xml`<m:RootFolder IndexedPagingOffset="${end}" TotalItemsInView="${all.length}" IncludesLastItemInRange="${String(end >= all.length)}"><t:Folders>${page.map((folder) => folderResource(request.store, folder))}</t:Folders></m:RootFolder>`,
    );
  });
};

/** https://learn.microsoft.com/exchange/client-developer/web-service-reference/syncfolderhierarchy-operation */
export const syncFolderHierarchy: Operation = (request) => {
  const { store, asked } = request;
  const id = asked.at('SyncFolderId')?.children[0];
  const found = id ? findFolder(request, id) : rootOf(store, request.login.email);
  if ('code' in found) return [failed('SyncFolderHierarchy', found)];
  const { owner, folder } = found;
  const position = { of: 'hierarchy' as const, folder: folder.id, epoch: owner.sync_epoch };
  const since = openSyncState(asked.textAt('SyncState'), position);
  if (!since) return [failed('SyncFolderHierarchy', EWS.invalidSyncState)];
  const news = below(store, folder, true).filter(({ seq }) => seq > since.seq);
  const state = sealSyncState({ ...position, seq: store.mailbox(owner.email).seq });
  return [
    succeeded(
      'SyncFolderHierarchy',
      xml`<m:SyncState>${state}</m:SyncState><m:IncludesLastFolderInRange>true</m:IncludesLastFolderInRange><m:Changes>${news.map((row) => xml`<t:Create>${folderResource(store, row)}</t:Create>`)}</m:Changes>`,
    ),
  ];
};

function rootOf(store: ExchangeStore, email: string) {
  const owner = store.account(email);
  const folder = store.mailbox(email).folder('msgfolderroot');
  return owner && folder ? { owner, folder } : EWS.folderNotFound;
}

/** Parents before their children. */
function below(store: ExchangeStore, { id, email }: FolderRow, isDeep: boolean): FolderRow[] {
  const children = store
    .mailbox(email)
    .folders()
    .filter(({ parent_id }) => parent_id === id);
  return children.flatMap((row) => {
    const folder = store.folder(row.id);
    return folder ? [folder, ...(isDeep ? below(store, folder, true) : [])] : [];
  });
}
