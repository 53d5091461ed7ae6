import { createHash } from 'node:crypto';
import { composeMessage } from '../../message-factory.ts';
import { placeOf } from '../mailbox/mailbox.ts';
import type { MessageRow } from '../rows.ts';
import type { MailboxRequest } from './request.ts';
import { prefersImmutableIds, selected } from './request.ts';

/** The id of a message as this request wants it. */
export function idOf(row: MessageRow, immutable: boolean): string {
  return immutable ? row.id : (row.places.at(-1)?.rest_id ?? row.id);
}

/**
 * A message as Graph shows it. https://learn.microsoft.com/graph/api/resources/message
 * @param select the properties, as the request or the sync token has them; all but the rarely asked for when empty
 */
export function messageResource(
  { account, graph, request }: MailboxRequest,
  row: MessageRow,
  select = selected(request.query),
): Record<string, unknown> {
  const id = idOf(row, prefersImmutableIds(request));
  const changeKey = createHash('sha1').update(`${row.id}/${row.places.length}`).digest('base64');
  const names = select.length > 0 ? select : DEFAULT_PROPERTIES;
  const asked = names.flatMap((name) => {
    const value = PROPERTIES[name];
    return value ? [[name, value({ row, account, graph, changeKey, id })]] : [];
  });
  return { '@odata.etag': `W/"${changeKey}"`, id, ...(Object.fromEntries(asked) as Record<string, unknown>) };
}

interface Source extends Pick<MailboxRequest, 'account' | 'graph'> {
  readonly row: MessageRow;
  readonly id: string;
  readonly changeKey: string;
}

const PROPERTIES: Readonly<Record<string, (source: Source) => unknown>> = {
  createdDateTime: ({ row }) => seconds(row.spec.date),
  lastModifiedDateTime: ({ row }) => seconds(row.spec.date),
  receivedDateTime: ({ row }) => seconds(row.spec.date),
  sentDateTime: ({ row }) => seconds(row.spec.date),
  changeKey: ({ changeKey }) => changeKey,
  categories: () => [],
  hasAttachments: () => false,
  internetMessageId: ({ row }) => row.spec.message_id,
  subject: ({ row }) => row.spec.subject,
  bodyPreview: () => 'Hello,',
  importance: () => 'normal',
  parentFolderId: ({ row }) => placeOf(row)?.folder_id ?? null,
  conversationId: ({ row }) => `AAQkAG${createHash('sha1').update(row.spec.message_id).digest('base64url')}=`,
  isRead: () => false,
  isDraft: ({ row, graph, account }) =>
    placeOf(row)?.folder_id === graph.store.mailbox(account.email).folder('drafts')?.id,
  webLink: ({ id }) => `https://outlook.office365.com/owa/?ItemID=${encodeURIComponent(id)}`,
  inferenceClassification: () => 'focused',
  from: ({ row }) => recipient(row.spec.from),
  sender: ({ row }) => recipient(row.spec.from),
  toRecipients: ({ row }) => [recipient(row.spec.to)],
  ccRecipients: () => [],
  bccRecipients: () => [],
  replyTo: () => [],
  body: ({ row }) => ({ contentType: 'text', content: bodyText(row) }),
  internetMessageHeaders: ({ row }) => headers(row),
};
const RARELY_ASKED_FOR = ['internetMessageHeaders'];
const DEFAULT_PROPERTIES = Object.keys(PROPERTIES).filter((name) => !RARELY_ASKED_FOR.includes(name));

/** Graph tells no fractions. */
function seconds(date: string): string {
  return date.replace(/\.\d+Z$/, 'Z');
}

function recipient(text: string): { emailAddress: { name: string; address: string } } {
  const [, name = '', address = text] = /^(.*?)\s*<([^<>]*)>$/.exec(text) ?? [];
  return { emailAddress: { name: decodeWords(name) || address, address } };
}

/** RFC 2047, of which the sandbox writes base64 in UTF-8 alone. */
function decodeWords(text: string): string {
  return text.replace(/=\?utf-8\?B\?([^?]*)\?=/gi, (_, encoded: string) => Buffer.from(encoded, 'base64').toString());
}

function bodyText(row: MessageRow): string {
  const text = composeMessage(row.spec).toString('utf8');
  return text.slice(text.search(/\r?\n\r?\n/) + 1).trim();
}

function headers(row: MessageRow): { name: string; value: string }[] {
  const text = composeMessage(row.spec).toString('latin1');
  const end = text.search(/\r?\n\r?\n/);
  const lines = text
    .slice(0, end < 0 ? undefined : end)
    .replaceAll(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/);
  return lines
    .filter((line) => /^[\w-]+:/.test(line))
    .map((line) => ({ name: line.slice(0, line.indexOf(':')), value: line.slice(line.indexOf(':') + 1).trim() }));
}
