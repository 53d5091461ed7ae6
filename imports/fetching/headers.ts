import { addressParser, decodeWords } from 'postal-mime';
import type { Address as ParsedAddress } from 'postal-mime';
import type { Address } from '../../db/schema/messages.ts';
import type { Envelope } from '../../providers/contract.ts';
import { fingerprintText } from '../../domain/messages/fingerprint.ts';
import { takeTurn } from '../../domain/limits/turns.ts';
import { addressLists } from './address-lists.ts';
import { dateOf, readDateField } from './date-field.ts';
import { readHeaderFields } from './header-fields.ts';
import type { HeaderField } from './header-fields.ts';

/** The header fields that list and recognise a message; the message itself is stored as it came. */
export interface MessageHeaders {
  /** With its angle brackets. */
  messageId: string | null;
  subject: string | null;
  sender: Address | null;
  recipients: Address[];
  /** The Date header, in UTC if it names no zone; null when it is none. */
  date: Date | null;
  /** The text to hash as a fingerprint; null without a Message-ID. */
  identity: string | null;
}

/**
 * The version of all that reads a message (this file, header-fields.ts, date-field.ts). Raise it when any of them reads
 * more than before: messages in quarantine that an older version could not parse are then parsed again.
 */
export const PARSER_VERSION = 1;

/** Longer header blocks are read up to here; the message is stored whole. */
export const MAX_HEADER_BYTES = 512 * 1024;
const MAX_TEXT = 4_000;
/** Decoded at once, in characters; no subject is longer. */
const MAX_DECODED = 64 * 1024;
/** As the API describes `to`. */
const MAX_RECIPIENTS = 500;
const MAX_RECIPIENT_CHARS = 32_000;
/** The most that is read of recipients that are none, in characters. */
const MAX_RECIPIENT_TEXT = 64 * 1024;

const RECIPIENTS = ['to', 'cc', 'bcc'];
const READ = new Set(['from', 'date', 'message-id', 'subject', ...RECIPIENTS]);

/**
 * Reads the headers (RFC 5322 section 2.2) of the message that begins with `beginning`. It never throws: an unreadable
 * field is null, because a message must not be lost for its own mistakes. Its sender chooses how long they are: the work
 * takes turns with others'.
 */
export async function readMessageHeaders(beginning: Uint8Array): Promise<MessageHeaders> {
  const fields: HeaderField[] = [];
  for (const field of readHeaderFields(headerBlock(beginning), READ)) {
    fields.push(field);
    await takeTurn();
  }
  const sender = await firstAddress(first(fields, 'from'));
  const date = readDateField(first(fields, 'date').slice(0, MAX_TEXT));
  const messageId = words(first(fields, 'message-id'))?.trim() || null;
  const subject = words(first(fields, 'subject'));
  const recipients = RECIPIENTS.flatMap((name) => fields.filter((field) => field.name === name));
  return {
    messageId: messageId && storable(messageId),
    subject: subject === null ? null : storable(subject),
    sender,
    recipients: await recipientsIn(recipients.map(({ value }) => value)),
    date,
    identity: fingerprintText({ messageId, date, from: sender?.email ?? null, subject }),
  };
}

/** What an adapter tells of a record, as far as it can be stored. */
export function readEnvelope({ subject, sender, recipients, date }: Envelope): Omit<MessageHeaders, 'identity'> {
  const addressOf = ({ email, name }: Address) => ({ email: storable(email), name: name && storable(name) });
  return {
    messageId: null,
    subject: subject && storable(subject),
    sender: sender && addressOf(sender),
    recipients: asManyAsFit(recipients.slice(0, MAX_RECIPIENTS).map((recipient) => addressOf(recipient))),
    date: date && dateOf(date),
  };
}

async function firstAddress(value: string): Promise<Address | null> {
  for (const list of addressLists(value.slice(0, MAX_DECODED))) {
    await takeTurn();
    const parsed = addresses(list);
    if (parsed.length > 0) return addressesOf(parsed.slice(0, 1))[0] ?? null;
  }
  return null;
}

async function recipientsIn(values: string[]): Promise<Address[]> {
  const found: Address[] = [];
  let left = MAX_RECIPIENT_TEXT;
  for (const value of values) {
    for (const list of addressLists(value)) {
      await takeTurn();
      found.push(...addressesOf(addresses(list)));
      left -= list.length;
      if (found.length >= MAX_RECIPIENTS || left <= 0) return asManyAsFit(found);
    }
  }
  return asManyAsFit(found);
}

/** The first ones, up to the most that a row and an answer have. */
function asManyAsFit(recipients: Address[]): Address[] {
  let left = MAX_RECIPIENT_CHARS;
  const tooMany = recipients.findIndex(({ email, name }) => (left -= email.length + (name?.length ?? 0)) < 0);
  return recipients.slice(0, Math.min(MAX_RECIPIENTS, tooMany < 0 ? recipients.length : tooMany));
}

/** The first of a repeated field counts, as in every mail program. */
function first(fields: HeaderField[], wanted: string): string {
  return fields.find(({ name }) => name === wanted)?.value ?? '';
}

function words(value: string): string | null {
  return value === '' ? null : understood(() => decodeWords(value.slice(0, MAX_DECODED)), null);
}

function addresses(value: string): ParsedAddress[] {
  return value === '' ? [] : understood(() => addressParser(value), []);
}

function understood<Result>(parse: () => Result, otherwise: Result): Result {
  try {
    return parse();
  } catch {
    return otherwise;
  }
}

/** Up to the first empty line, in either convention of line ends; the body is never looked at. */
function headerBlock(beginning: Uint8Array): Uint8Array {
  const text = Buffer.from(beginning.buffer, beginning.byteOffset, Math.min(beginning.byteLength, MAX_HEADER_BYTES));
  const ends = [text.indexOf('\r\n\r\n'), text.indexOf('\n\n')].filter((end) => end >= 0);
  return ends.length === 0 ? text : text.subarray(0, Math.min(...ends) + 2);
}

function addressesOf(parsed: readonly ParsedAddress[]): Address[] {
  return parsed
    .flatMap((entry) => ('group' in entry && entry.group ? entry.group : [entry]))
    .filter((entry) => entry.address)
    .map(({ address, name }) => ({ email: storable(address ?? ''), name: name ? storable(name) : null }));
}

/** PostgreSQL's text takes neither NUL nor half a surrogate pair. */
function storable(text: string): string {
  return text.slice(0, MAX_TEXT).replaceAll('\0', '\u{FFFD}').toWellFormed();
}
