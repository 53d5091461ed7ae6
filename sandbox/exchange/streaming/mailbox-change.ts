import { placeOf } from '../../microsoft/mailbox/mailbox.ts';
import type { MessageRow, Place } from '../../microsoft/rows.ts';
import type { FolderRow } from '../rows.ts';

export const EVENT_TYPES = [
  'NewMailEvent',
  'CreatedEvent',
  'MovedEvent',
  'CopiedEvent',
  'DeletedEvent',
  'ModifiedEvent',
  'FreeBusyChangedEvent',
] as const;
export type EventType = (typeof EVENT_TYPES)[number];

/** A change of a mailbox, as notifications tell of it. */
export interface MailboxChange {
  /** The key of the mailbox's owner. */
  readonly email: string;
  readonly type: EventType;
  /** An item, or a folder where `item` is null. */
  readonly item: string | null;
  /** The folder that the change is in; of a folder, itself. */
  readonly folder: string;
  readonly parent: string;
  /** Of a move. */
  readonly from?: { readonly item: string; readonly folder: string };
}

/** What happened to a message between two of its rows. A mail that is delivered to the inbox is told of twice. */
export function changesOf(
  before: MessageRow | undefined,
  row: MessageRow,
  isInbox: (id: string) => boolean,
): MailboxChange[] {
  const [left, place] = [before && placeOf(before), placeOf(row)];
  if (row.unannounced || (left?.rest_id === place?.rest_id && left !== undefined)) return [];
  if (place === undefined) return left ? [ofItem(row, 'DeletedEvent', left)] : [];
  if (left !== undefined) {
    return [{ ...ofItem(row, 'MovedEvent', place), from: { item: left.rest_id, folder: left.folder_id } }];
  }
  const created = ofItem(row, 'CreatedEvent', place);
  return isInbox(place.folder_id) ? [{ ...created, type: 'NewMailEvent' }, created] : [created];
}

function ofItem({ email }: MessageRow, type: EventType, { rest_id, folder_id }: Place): MailboxChange {
  return { email, type, item: rest_id, folder: folder_id, parent: folder_id };
}

export function creationOf({ email, id, parent_id }: FolderRow): MailboxChange {
  return { email, type: 'CreatedEvent', item: null, folder: id, parent: parent_id ?? id };
}
