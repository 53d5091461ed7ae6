import { randomUUID } from 'node:crypto';
import addressparser from 'nodemailer/lib/addressparser';
import { isMailAddress } from '../domain/address.ts';
import { addressLists } from '../imports/fetching/address-lists.ts';
import { readHeaderFields } from '../imports/fetching/header-fields.ts';
import type { OutgoingMessage } from '../providers/contract.ts';

/** The longest header of a message that is sent, in octets: it lies in the first part of the stored content. */
export const MAX_HEADER_BYTES = 128 * 1024;

const READ = new Set(['from', 'sender', 'to', 'cc', 'bcc', 'message-id', 'date']);
const MESSAGE_ID = /^<[^\s<>@]+@[^\s<>@]+>$/;

/** The fields of a header that say how a message is sent. */
export type OutgoingHeader = Pick<OutgoingMessage, 'messageId' | 'from' | 'recipients' | 'bcc'> & {
  /** The fields that every message needs and this one lacks, to be put before its first line. */
  added: string;
};

/** A field that keeps a message from being sent. The words repeat nothing of its value. */
export interface HeaderFault {
  field: string;
  expected: string;
}

/** The length of the header, without the empty line; null: it does not end in these bytes. */
export function headerLength(bytes: Uint8Array): number | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let end = text.indexOf(0x0a); end >= 0; end = text.indexOf(0x0a, end + 1)) {
    if (text[end + 1] === 0x0a || (text[end + 1] === 0x0d && text[end + 2] === 0x0a)) return end + 1;
  }
  return null;
}

/**
 * Reads sender and recipients of a message. A missing Date or Message-ID is added, as RFC 6409 section 8 lets a submission
 * server do.
 */
export function readOutgoingHeader(header: Uint8Array, now: Date): OutgoingHeader | HeaderFault[] {
  const values = new Map<string, string[]>();
  for (const { name, value } of readHeaderFields(header, READ)) {
    if (READ.has(name)) values.set(name, [...(values.get(name) ?? []), value]);
  }
  const from = addressesOf(values.get('from'));
  const shown = ['to', 'cc'].flatMap((name) => addressesOf(values.get(name)));
  const recipients = [...new Set([...shown, ...addressesOf(values.get('bcc'))])];
  const bcc = recipients.filter((recipient) => !shown.includes(recipient));
  const messageId = values.get('message-id')?.[0];
  const senders = values.get('sender') ?? [];
  const sender = addressesOf(senders);
  const froms = values.get('from')?.length ?? 0;
  const faults = [
    ...faultsOfLines(header),
    ...faultsOf({ from, froms, sender, senders: senders.length, recipients, messageId }),
  ];
  const [author] = from;
  if (faults.length > 0 || author === undefined) return faults;
  const id = messageId ?? `<${randomUUID()}@${author.slice(author.lastIndexOf('@') + 1)}>`;
  const added = [
    ...(messageId === undefined ? [`Message-ID: ${id}\r\n`] : []),
    ...(values.has('date') ? [] : [`Date: ${now.toUTCString().replace('GMT', '+0000')}\r\n`]),
  ];
  return { messageId: id, from: sender[0] || author, recipients, bcc, added: added.join('') };
}

interface Read {
  from: string[];
  froms: number;
  sender: string[];
  senders: number;
  recipients: string[];
  messageId: string | undefined;
}

/** Parsers differ in where such a line ends or belongs: a Bcc field that one parser sees, another would pass on. */
function faultsOfLines(header: Uint8Array): HeaderFault[] {
  const text = Buffer.from(header.buffer, header.byteOffset, header.byteLength).toString('latin1');
  const faults: HeaderFault[] = [];
  if (/\r(?!\n)/.test(text)) faults.push({ field: '', expected: 'expected no CR in the header but before LF' });
  if (/^[ \t]/.test(text)) faults.push({ field: '', expected: 'expected no blank at the start of the header' });
  return faults;
}

function faultsOf({ from, froms, sender, senders, recipients, messageId }: Read): HeaderFault[] {
  const faults: HeaderFault[] = [];
  if (froms !== 1 || from.length === 0 || !from.every(isMailAddress)) {
    faults.push({ field: 'From', expected: 'expected one From field with an address' });
  }
  if (senders > 1 || (senders === 1 && (sender.length !== 1 || !sender.every(isMailAddress)))) {
    faults.push({ field: 'Sender', expected: 'expected at most one Sender field, with one address' });
  }
  if (recipients.length === 0 || !recipients.every(isMailAddress)) {
    faults.push({ field: 'To', expected: 'expected at least one recipient in To, Cc or Bcc, and addresses alone' });
  }
  if (messageId !== undefined && (messageId.length > 900 || !MESSAGE_ID.test(messageId))) {
    faults.push({ field: 'Message-ID', expected: 'expected <left@right>, or no Message-ID: then one is made' });
  }
  return faults;
}

function addressesOf(values: string[] = []): string[] {
  const lists = values.flatMap((value) => [...addressLists(value)]);
  return lists.flatMap((list) => addressparser(list, { flatten: true }).map(({ address }) => address));
}
