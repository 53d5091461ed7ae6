/** The requests to Exchange Web Services, each of a fixed shape. */

const SOAP = 'http://schemas.xmlsoap.org/soap/envelope/';
const TYPES = 'http://schemas.microsoft.com/exchange/services/2006/types';
const MESSAGES = 'http://schemas.microsoft.com/exchange/services/2006/messages';

/** A request: its name, for logs and errors, and the envelope. */
export interface EwsRequest {
  readonly name: string;
  readonly body: string;
}

/** Understood by Exchange 2013 and everything after it. */
const VERSION = 'Exchange2013_SP1';

/** A well-known folder of a mailbox. */
export interface KnownFolder {
  readonly known: string;
  readonly mailbox: string | null;
}

export function getFolders(folders: readonly KnownFolder[]): EwsRequest {
  const ids = folders.map(knownFolder).join('');
  return request(
    'GetFolder',
    `<m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape><m:FolderIds>${ids}</m:FolderIds>`,
  );
}

/** @param state null: all folders below the root */
export function syncFolderHierarchy(root: KnownFolder, state: string | null): EwsRequest {
  return request(
    'SyncFolderHierarchy',
    `<m:FolderShape><t:BaseShape>Default</t:BaseShape><t:AdditionalProperties>${field('folder:FolderClass')}${field('folder:ParentFolderId')}${HIDDEN}</t:AdditionalProperties></m:FolderShape><m:SyncFolderId>${knownFolder(root)}</m:SyncFolderId>${syncState(state)}`,
  );
}

export function syncFolderItems(folderId: string, state: string | null, most: number): EwsRequest {
  return request(
    'SyncFolderItems',
    `<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape><m:SyncFolderId>${folder(folderId)}</m:SyncFolderId>${syncState(state)}<m:MaxChangesReturned>${most}</m:MaxChangesReturned>`,
  );
}

/** Items that arrived from `from` to `to`, both included, the newest first. */
export function findItems(
  folderId: string,
  { from, to, offset, most }: { from: string | null; to: string | null; offset: number; most: number },
): EwsRequest {
  const received = field('item:DateTimeReceived');
  const limit = (comparison: string, at: string) =>
    `<t:${comparison}>${received}<t:FieldURIOrConstant><t:Constant Value="${escaped(at)}"/></t:FieldURIOrConstant></t:${comparison}>`;
  const limits =
    from === null || to === null
      ? ''
      : `<m:Restriction><t:And>${limit('IsGreaterThanOrEqualTo', from)}${limit('IsLessThanOrEqualTo', to)}</t:And></m:Restriction>`;
  return request(
    'FindItem',
    `<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:AdditionalProperties>${received}</t:AdditionalProperties></m:ItemShape><m:IndexedPageItemView MaxEntriesReturned="${most}" Offset="${offset}" BasePoint="Beginning"/>${limits}<m:SortOrder><t:FieldOrder Order="Descending">${received}</t:FieldOrder></m:SortOrder><m:ParentFolderIds>${folder(folderId)}</m:ParentFolderIds>`,
    ' Traversal="Shallow"',
  );
}

/** The dates and sizes of items. */
export function getFacts(itemIds: readonly string[]): EwsRequest {
  const properties = `<t:AdditionalProperties>${field('item:DateTimeReceived')}${field('item:Size')}</t:AdditionalProperties>`;
  return getItems(itemIds, properties);
}

/** Items as MIME. */
export function getContents(itemIds: readonly string[]): EwsRequest {
  return getItems(itemIds, '<t:IncludeMimeContent>true</t:IncludeMimeContent>');
}

function getItems(itemIds: readonly string[], shape: string): EwsRequest {
  const ids = itemIds.map((id) => `<t:ItemId Id="${escaped(id)}"/>`).join('');
  return request(
    'GetItem',
    `<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape>${shape}</m:ItemShape><m:ItemIds>${ids}</m:ItemIds>`,
  );
}

/** The changes that may bring a message to a folder. */
const EVENTS = ['NewMailEvent', 'CreatedEvent', 'MovedEvent', 'CopiedEvent'];

/** @param folders null: every folder of the login's own mailbox, those that are made later too */
export function subscribe(folders: readonly string[] | null): EwsRequest {
  const all = folders === null ? ' SubscribeToAllFolders="true"' : '';
  const named = folders === null ? '' : `<t:FolderIds>${folders.map(folder).join('')}</t:FolderIds>`;
  const types = EVENTS.map((type) => `<t:EventType>${type}</t:EventType>`).join('');
  return request(
    'Subscribe',
    `<m:StreamingSubscriptionRequest${all}>${named}<t:EventTypes>${types}</t:EventTypes></m:StreamingSubscriptionRequest>`,
  );
}

export function getStreamingEvents(subscriptionId: string, minutes: number): EwsRequest {
  return request(
    'GetStreamingEvents',
    `<m:SubscriptionIds><t:SubscriptionId>${escaped(subscriptionId)}</t:SubscriptionId></m:SubscriptionIds><m:ConnectionTimeout>${minutes}</m:ConnectionTimeout>`,
  );
}

/** Messages of this Message-ID in a folder, one at most. */
export function findByMessageId(folderId: string, messageId: string): EwsRequest {
  const constant = `<t:FieldURIOrConstant><t:Constant Value="${escaped(messageId)}"/></t:FieldURIOrConstant>`;
  return request(
    'FindItem',
    `<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape><m:IndexedPageItemView MaxEntriesReturned="1" Offset="0" BasePoint="Beginning"/><m:Restriction><t:IsEqualTo>${field('message:InternetMessageId')}${constant}</t:IsEqualTo></m:Restriction><m:ParentFolderIds>${folder(folderId)}</m:ParentFolderIds>`,
    ' Traversal="Shallow"',
  );
}

/**
 * The envelope that sends a message and keeps a copy in a folder, before and after the message in base64. `bcc`: recipients
 * that the message does not name; whether Exchange would read a Bcc field of MIME is documented nowhere.
 */
export function sendItem(folderId: string, bcc: readonly string[]): { name: string; before: string; after: string } {
  const place = 'MIME';
  const unnamed = bcc.length === 0 ? '' : `<t:BccRecipients>${bcc.map(mailbox).join('')}</t:BccRecipients>`;
  const { name, body } = request(
    'CreateItem',
    `<m:SavedItemFolderId>${folder(folderId)}</m:SavedItemFolderId><m:Items><t:Message><t:MimeContent CharacterSet="UTF-8">${place}</t:MimeContent>${unnamed}</t:Message></m:Items>`,
    ' MessageDisposition="SendAndSaveCopy"',
  );
  const [before = '', after = ''] = body.split(`>${place}<`);
  return { name, before: `${before}>`, after: `<${after}` };
}

/** The people and mailboxes that the directory knows by a name. */
export function resolveNames(entry: string): EwsRequest {
  return request(
    'ResolveNames',
    `<m:UnresolvedEntry>${escaped(entry)}</m:UnresolvedEntry>`,
    ' ReturnFullContactData="false"',
  );
}

function request(name: string, content: string, attributes = ''): EwsRequest {
  const body = `<?xml version="1.0" encoding="utf-8"?><s:Envelope xmlns:s="${SOAP}" xmlns:t="${TYPES}" xmlns:m="${MESSAGES}"><s:Header><t:RequestServerVersion Version="${VERSION}"/></s:Header><s:Body><m:${name}${attributes}>${content}</m:${name}></s:Body></s:Envelope>`;
  return { name, body };
}

/** PidTagAttributeHidden. */
const HIDDEN = '<t:ExtendedFieldURI PropertyTag="0x10f4" PropertyType="Boolean"/>';
const field = (uri: string) => `<t:FieldURI FieldURI="${uri}"/>`;
const folder = (id: string) => `<t:FolderId Id="${escaped(id)}"/>`;
const mailbox = (email: string) => `<t:Mailbox><t:EmailAddress>${escaped(email)}</t:EmailAddress></t:Mailbox>`;
const syncState = (state: string | null) => (state === null ? '' : `<m:SyncState>${escaped(state)}</m:SyncState>`);

function knownFolder({ known, mailbox: owner }: KnownFolder): string {
  const of = owner === null ? '' : mailbox(owner);
  return `<t:DistinguishedFolderId Id="${known}">${of}</t:DistinguishedFolderId>`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? character);
}
