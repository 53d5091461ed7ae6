import type { Html } from '../../html.ts';
import { html as xml } from '../../html.ts';
import { composeMessage } from '../../message-factory.ts';
import type { MessageSpec } from '../../message-factory.ts';
import { madeAnew } from '../../microsoft/mailbox/mime-content.ts';
import type { MessageRow, Place } from '../../microsoft/rows.ts';
import { written } from '../soap/answer.ts';
import type { XmlElement } from '../soap/element.ts';

/** The properties of each item that a request asks for. */
export interface ItemShape {
  readonly everything: boolean;
  readonly fields: ReadonlySet<string>;
  readonly mime: boolean;
}

interface StoredItem {
  readonly message: MessageRow;
  readonly place: Place;
}

/** Properties in the order of the schema, by their FieldURI. */
const PROPERTIES: readonly (readonly [field: string, show: (item: StoredItem) => Html])[] = [
  ['item:ParentFolderId', ({ place }) => xml`<t:ParentFolderId Id="${place.folder_id}" ChangeKey="AQAAAA=="/>`],
  ['item:ItemClass', () => xml`<t:ItemClass>IPM.Note</t:ItemClass>`],
  ['item:Subject', ({ message }) => xml`<t:Subject>${written(message.spec.subject)}</t:Subject>`],
  ['item:DateTimeReceived', ({ message }) => xml`<t:DateTimeReceived>${dateOf(message.spec)}</t:DateTimeReceived>`],
  ['item:Size', ({ message }) => xml`<t:Size>${sizeOf(message.spec)}</t:Size>`],
  ['item:IsDraft', () => xml`<t:IsDraft>false</t:IsDraft>`],
  ['item:DateTimeSent', ({ message }) => xml`<t:DateTimeSent>${dateOf(message.spec)}</t:DateTimeSent>`],
  ['item:DateTimeCreated', ({ message }) => xml`<t:DateTimeCreated>${dateOf(message.spec)}</t:DateTimeCreated>`],
  ['item:HasAttachments', () => xml`<t:HasAttachments>false</t:HasAttachments>`],
  ['message:Sender', ({ message }) => xml`<t:Sender>${mailboxOf(message.spec.from)}</t:Sender>`],
  ['message:ToRecipients', ({ message }) => xml`<t:ToRecipients>${mailboxOf(message.spec.to)}</t:ToRecipients>`],
  ['message:From', ({ message }) => xml`<t:From>${mailboxOf(message.spec.from)}</t:From>`],
  [
    'message:InternetMessageId',
    ({ message }) => xml`<t:InternetMessageId>${written(message.spec.message_id)}</t:InternetMessageId>`,
  ],
  ['message:IsRead', () => xml`<t:IsRead>false</t:IsRead>`],
];

export function shapeOf(asked: XmlElement): ItemShape {
  const shape = asked.at('ItemShape');
  const fields = shape?.at('AdditionalProperties')?.children ?? [];
  return {
    everything: shape?.textAt('BaseShape') !== 'IdOnly',
    fields: new Set(fields.map(({ attributes }) => attributes['FieldURI'] ?? '')),
    mime: shape?.textAt('IncludeMimeContent') === 'true' || fields.some(isMime),
  };
}

function isMime({ attributes }: XmlElement): boolean {
  return attributes['FieldURI'] === 'item:MimeContent';
}

/** A message as EWS shows it. https://learn.microsoft.com/exchange/client-developer/web-service-reference/message-ex15websvcsotherref */
export function itemResource(item: StoredItem, { everything, fields, mime }: ItemShape): Html {
  const shown = PROPERTIES.filter(([field]) => everything || fields.has(field)).map(([, show]) => show(item));
  const content = mime
    ? xml`<t:MimeContent CharacterSet="UTF-8">${madeAnew(item.message.spec).toString('base64')}</t:MimeContent>`
    : null;
  return xml`<t:Message>${content}${itemIdOf(item.place)}${shown}</t:Message>`;
}

export function itemIdOf({ rest_id, from_seq }: Place): Html {
  const key = Buffer.from(`CQ${from_seq}`).toString('base64');
  return xml`<t:ItemId Id="${rest_id}" ChangeKey="${key}"/>`;
}

/** Whole seconds, as EWS tells them. */
function dateOf({ date }: MessageSpec): string {
  return `${date.slice(0, 19)}Z`;
}

function sizeOf(spec: MessageSpec): number {
  return spec.size ?? composeMessage(spec).length;
}

function mailboxOf(header: string): Html {
  const [, name = '', address = header] = /^(.*?)\s*<([^>]*)>?/s.exec(header) ?? [];
  return xml`<t:Mailbox><t:Name>${written(name || address)}</t:Name><t:EmailAddress>${written(address)}</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType><t:MailboxType>Mailbox</t:MailboxType></t:Mailbox>`;
}
