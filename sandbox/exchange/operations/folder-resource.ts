import type { Html } from '../../html.ts';
import { Html as Markup, html as xml } from '../../html.ts';
import type { FolderRow } from '../rows.ts';
import { written } from '../soap/answer.ts';
import type { ExchangeStore } from '../store.ts';

/** The element of a folder by what it holds. */
const ELEMENTS: Readonly<Record<string, string>> = {
  'IPF.Appointment': 'CalendarFolder',
  'IPF.Contact': 'ContactsFolder',
};

/** A folder as EWS shows it. https://learn.microsoft.com/exchange/client-developer/web-service-reference/folder */
export function folderResource(store: ExchangeStore, folder: FolderRow): Html {
  const element = new Markup(`t:${ELEMENTS[folder.folder_class ?? ''] ?? 'Folder'}`);
  const mailbox = store.mailbox(folder.email);
  const held = mailbox.newestFirst(folder.id).length;
  const children = mailbox.folders().filter(({ parent_id }) => parent_id === folder.id).length;
  const parent =
    folder.parent_id === null ? null : xml`<t:ParentFolderId Id="${folder.parent_id}" ChangeKey="AQAAAA=="/>`;
  const unread = element.markup === 't:Folder' ? xml`<t:UnreadCount>${held}</t:UnreadCount>` : null;
  return xml`<${element}>${folderIdOf(folder)}${parent}<t:FolderClass>${folder.folder_class ?? 'IPF.Note'}</t:FolderClass><t:DisplayName>${written(folder.name)}</t:DisplayName><t:TotalCount>${held}</t:TotalCount><t:ChildFolderCount>${children}</t:ChildFolderCount>${unread}</${element}>`;
}

function folderIdOf({ id, seq }: FolderRow): Html {
  const key = Buffer.from(`AQ${seq}`).toString('base64');
  return xml`<t:FolderId Id="${id}" ChangeKey="${key}"/>`;
}
