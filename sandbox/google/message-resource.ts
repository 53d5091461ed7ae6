import { composeMessage } from '../message-factory.ts';
import { internalDate } from './mailbox.ts';
import type { MessageRow } from './rows.ts';

export type MessageFormat = 'minimal' | 'metadata' | 'full' | 'raw';
export const MESSAGE_FORMATS: readonly string[] = ['minimal', 'metadata', 'full', 'raw'];

interface Header {
  readonly name: string;
  readonly value: string;
}

interface Part {
  readonly partId: string;
  readonly mimeType: string;
  readonly filename: string;
  readonly headers: readonly Header[];
  readonly body: { readonly size: number; readonly data?: string };
  readonly parts?: readonly Part[];
}

/**
 * A message as users.messages.get answers it.
 * https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages
 */
export function messageResource(
  row: MessageRow,
  format: MessageFormat,
  metadataHeaders: readonly string[] = [],
): Record<string, unknown> {
  const bytes = composeMessage(row.spec);
  return {
    id: row.id,
    threadId: row.id,
    labelIds: row.label_ids,
    snippet: 'Hello,',
    sizeEstimate: bytes.length,
    historyId: String(row.history_id),
    internalDate: String(internalDate(row)),
    ...content(bytes, format, metadataHeaders),
  };
}

function content(bytes: Buffer, format: MessageFormat, metadataHeaders: readonly string[]): Record<string, unknown> {
  if (format === 'minimal') return {};
  // Gmail's base64url is padded.
  if (format === 'raw') return { raw: bytes.toString('base64').replaceAll('+', '-').replaceAll('/', '_') };
  const payload = parsePart(bytes, '');
  if (format === 'full') return { payload };
  const wanted = metadataHeaders.map((name) => name.toLowerCase());
  const headers = payload.headers.filter(({ name }) => wanted.length === 0 || wanted.includes(name.toLowerCase()));
  return { payload: { mimeType: payload.mimeType, headers } };
}

/** Well-formed messages of the factory in full; of a malformed one what can be told apart. */
function parsePart(bytes: Buffer, partId: string): Part {
  const end = bytes.indexOf('\r\n\r\n');
  const head = bytes.subarray(0, end < 0 ? bytes.length : end).toString('utf8');
  const body = end < 0 ? Buffer.alloc(0) : bytes.subarray(end + 4);
  const headers = parseHeaders(head);
  const contentType = headers.find(({ name }) => name.toLowerCase() === 'content-type')?.value ?? 'text/plain';
  const mimeType = contentType.split(';')[0]?.trim().toLowerCase() ?? 'text/plain';
  const boundary = /boundary="([^"]+)"/.exec(contentType)?.[1];
  const common = { partId, mimeType, filename: '', headers };
  if (boundary === undefined) return { ...common, body: { size: body.length, data: body.toString('base64url') } };
  const pieces = splitParts(body, boundary);
  return {
    ...common,
    body: { size: 0 },
    parts: pieces.map((piece, index) => parsePart(piece, partId === '' ? String(index) : `${partId}.${index}`)),
  };
}

function parseHeaders(head: string): Header[] {
  return head
    .replaceAll(/\r?\n[ \t]+/g, ' ')
    .split(/\r?\n/)
    .filter((line) => /^[\w-]+:/.test(line))
    .map((line) => ({ name: line.slice(0, line.indexOf(':')), value: line.slice(line.indexOf(':') + 1).trim() }));
}

function splitParts(body: Buffer, boundary: string): Buffer[] {
  const pieces = body.toString('latin1').split(`--${boundary}`).slice(1, -1);
  return pieces.map((piece) => Buffer.from(piece.replace(/^\r\n/, '').replace(/\r\n$/, ''), 'latin1'));
}
