import type { Html } from '../../html.ts';
import { html as xml } from '../../html.ts';
import type { MessageRow, Place } from '../../microsoft/rows.ts';
import { placeOf } from '../../microsoft/mailbox/mailbox.ts';
import type { EwsError } from '../soap/answer.ts';
import { failed, succeeded } from '../soap/answer.ts';
import { EWS } from '../soap/errors.ts';
import { openSyncState, sealSyncState } from '../soap/sync-state.ts';
import { itemIdOf, itemResource, shapeOf } from './item-resource.ts';
import type { EwsRequest, FoundFolder, Operation } from './operation.ts';
import { findFolder, foldersIn, isDenied, mayRead } from './operation.ts';
import { restrictionOf } from './restriction.ts';

const MOST_CHANGES = 512;
const MOST_FOUND = 1000;
const NO_ITEMS = xml`<m:Items/>`;

/**
 * A batch that is stopped answers its first half, and has not looked at the rest.
 * https://learn.microsoft.com/exchange/client-developer/web-service-reference/getitem-operation
 */
export const getItem: Operation = (request) => {
  const ids = request.asked.at('ItemIds')?.children ?? [];
  const looked = request.held.has('batch_stopped') ? Math.ceil(ids.length / 2) : ids.length;
  return ids.map((id, index) => {
    const item = index < looked ? findItem(request, id.attributes['Id'] ?? '') : EWS.batchStopped;
    if ('code' in item) return failed('GetItem', item, NO_ITEMS);
    const shape = shapeOf(request.asked);
    const mime = shape.mime && !isWithoutContent(request, item.place.rest_id);
    return succeeded('GetItem', xml`<m:Items>${itemResource(item, { ...shape, mime })}</m:Items>`);
  });
};

function findItem({ store, login }: EwsRequest, id: string): { message: MessageRow; place: Place } | EwsError {
  if (!id.startsWith('AAMkAG')) return EWS.invalidId;
  const item = store.messageAt(id);
  const owner = item && store.account(item.message.email);
  if (!item || !owner) return EWS.itemNotFound;
  if (!mayRead(login, owner) || isDenied({ store, login }, id)) return EWS.accessDenied;
  const of = { provider: 'exchange', kind: 'api', email: login.email, message: id, isPart: true } as const;
  return store.deps.conditions.take(of, ['conversion_failed']).size > 0 ? EWS.conversionFailed : item;
}

/** Whether the fault `content_missing` names this item: a success that has no MIME. */
function isWithoutContent({ store, login }: EwsRequest, id: string): boolean {
  const of = { provider: 'exchange', kind: 'api', email: login.email, message: id, isPart: true } as const;
  return store.deps.conditions.take(of, ['content_missing']).size > 0;
}

/** https://learn.microsoft.com/exchange/client-developer/web-service-reference/finditem-operation */
export const findItems: Operation = (request) => {
  const matches = restrictionOf(request.asked.at('Restriction')?.children[0]);
  if (!matches) return EWS.unsupportedPath;
  return foldersIn(request, 'ParentFolderIds').map((found) =>
    'code' in found ? failed('FindItem', found) : succeeded('FindItem', pageOf(request, found, matches)),
  );
};

function pageOf(
  { store, asked, held }: EwsRequest,
  { folder }: FoundFolder,
  matches: (row: MessageRow) => boolean,
): Html {
  const view = asked.at('IndexedPageItemView')?.attributes ?? {};
  const offset = Number(view['Offset'] ?? 0);
  const most = Math.min(Number(view['MaxEntriesReturned'] ?? MOST_FOUND), MOST_FOUND);
  const all = store.mailbox(folder.email).newestFirst(folder.id).filter(matches);
  const sorted = isAscending(asked) ? all.toReversed() : all;
  const whole = sorted.slice(offset, offset + most);
  const isCut = held.has('listing_cut_short');
  const page = isCut ? whole.slice(0, Math.floor(whole.length / 10)) : whole;
  const end = offset + whole.length;
  const isLast = isCut || end >= all.length;
  const next = held.has('page_repeated') && !isLast ? offset : end;
  const shape = { ...shapeOf(asked), mime: false };
  const shown = page.flatMap((message) => {
    const place = placeOf(message);
    return place ? itemResource({ message, place }, shape) : [];
  });
  return xml`<m:RootFolder IndexedPagingOffset="${next}" TotalItemsInView="${all.length}" IncludesLastItemInRange="${String(isLast)}"><t:Items>${shown}</t:Items></m:RootFolder>`;
}

/** Items are sorted by date of arrival, the newest first, unless the request asks otherwise. */
function isAscending(asked: EwsRequest['asked']): boolean {
  return asked.at('SortOrder/FieldOrder')?.attributes['Order'] === 'Ascending';
}

/** https://learn.microsoft.com/exchange/client-developer/web-service-reference/syncfolderitems-operation */
export const syncFolderItems: Operation = (request) => {
  const { store, asked, held } = request;
  const most = Number(asked.textAt('MaxChangesReturned'));
  if (!Number.isInteger(most) || most < 1 || most > MOST_CHANGES) return EWS.schema;
  const id = asked.at('SyncFolderId')?.children[0];
  const found = id ? findFolder(request, id) : EWS.schema;
  if ('code' in found) return [failed('SyncFolderItems', found)];
  const { owner, folder } = found;
  const position = { of: 'items' as const, folder: folder.id, epoch: owner.sync_epoch };
  const since = openSyncState(asked.textAt('SyncState'), position);
  if (!since) return [failed('SyncFolderItems', EWS.invalidSyncState)];
  const { changes, seq, isLast } = changesSince(request, folder.id, owner.email, since.seq, most);
  const isCut = held.has('listing_cut_short');
  const shown = isCut ? changes.slice(0, Math.floor(changes.length / 10)) : changes;
  const next = held.has('page_repeated') ? since.seq : isCut ? store.mailbox(owner.email).seq : seq;
  const state = sealSyncState({ ...position, seq: next });
  return [
    succeeded(
      'SyncFolderItems',
      xml`<m:SyncState>${state}</m:SyncState><m:IncludesLastItemInRange>${String(isCut || (isLast && !held.has('page_repeated')))}</m:IncludesLastItemInRange><m:Changes>${shown}</m:Changes>`,
    ),
  ];
};

/** Of a message that came and left since then the listing has the deletion alone. */
function changesSince(request: EwsRequest, folderId: string, email: string, since: number, most: number) {
  const mailbox = request.store.mailbox(email);
  const events = mailbox.eventsAfter(folderId, since);
  const shape = { ...shapeOf(request.asked), mime: false };
  const changes: Html[] = [];
  let seq = since;
  let read = 0;
  for (const { kind, place, message, seq: at } of events) {
    if (changes.length === most) break;
    seq = at;
    read++;
    const now = request.store.messageAt(place.rest_id);
    if (kind === 'in' && now)
      changes.push(xml`<t:Create>${itemResource({ message, place: now.place }, shape)}</t:Create>`);
    if (kind === 'out' && place.from_seq <= since) changes.push(xml`<t:Delete>${itemIdOf(place)}</t:Delete>`);
  }
  const isLast = read === events.length;
  return { changes, seq: isLast ? mailbox.seq : seq, isLast };
}
