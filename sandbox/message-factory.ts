import { createHash, randomBytes } from 'node:crypto';
import type { DeliverRequest } from './provider.ts';

/** All that is needed to make a message's bytes again. Journal this, not the bytes. */
export interface MessageSpec {
  /** With its angle brackets, unique. */
  readonly message_id: string;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  /** ISO 8601; the Date header and the provider's date of arrival. */
  readonly date: string;
  /** Bytes, about. */
  readonly size?: number;
  readonly malformed?: true;
  /** The bytes themselves in base64, of a message that was handed in whole; the rest was read out of them. */
  readonly raw?: string;
}

const SENDERS = [
  ['Maya Lindqvist', 'maya@harbour-supplies.example'],
  ['Tomás Ferreira', 'tomas.ferreira@northwind.example'],
  ['Priya Raman', 'priya@lanternworks.example'],
  ['Jonas Weber', 'jonas.weber@kiosk-logistik.example'],
  ['Aiko Tanaka', 'aiko@blueheron.example'],
] as const;
const SUBJECTS = [
  'Delivery window for Thursday',
  'Question about the last invoice',
  'Our call tomorrow at ten',
  'Second thoughts on the blue one',
  'Signed contract attached',
  'Überweisung und Lieferschein',
];
const SENTENCES = [
  'Thanks for getting back to me so quickly.',
  'Could you tell me when the second pallet leaves the warehouse?',
  'The total on page two does not match the one in your mail of last week.',
  'We would like to keep the appointment, one hour later if that works for you.',
  'I have asked our accounting to settle it by Friday.',
  'Please send the tracking number to this address as well.',
  'Schöne Grüße aus Köln, and have a good weekend.',
];

/** The specs of `request.count` new messages to `to`; unless it says when, they arrive at `now`. */
export function newMessages(to: string, request: DeliverRequest, now: Date): MessageSpec[] {
  const date = (request.date ?? now).toISOString();
  if (request.raw !== undefined) return [specOf(request.raw, to, date)];
  return Array.from({ length: request.count }, () => {
    const seed = randomBytes(12);
    const [name, address] = pick(SENDERS, seed, 0);
    return {
      message_id: `<${seed.toString('hex')}@${address.slice(address.indexOf('@') + 1)}>`,
      from: `${encodeWord(name)} <${address}>`,
      to,
      subject: request.subject ?? pick(SUBJECTS, seed, 1),
      date,
      ...(request.size === undefined ? {} : { size: request.size }),
      ...(request.malformed ? { malformed: true as const } : {}),
    };
  });
}

/** What the headers of a message say; an identifier of its own where it has none. */
function specOf(raw: string, to: string, date: string): MessageSpec {
  const text = Buffer.from(raw, 'base64').toString('utf8');
  const header = (text.split(/\r?\n\r?\n/, 1)[0] ?? '').replaceAll(/\r?\n[ \t]+/g, ' ');
  const field = (name: string): string | undefined =>
    new RegExp(`^${name}:[ \\t]*(.*)$`, 'im').exec(header)?.[1]?.trim() || undefined;
  return {
    message_id: field('message-id') ?? `<${randomBytes(12).toString('hex')}@sandbox.example>`,
    from: field('from') ?? 'unknown@sandbox.example',
    to,
    subject: field('subject') ?? '',
    date,
    raw,
  };
}

/** The message (RFC 5322), byte for byte the same for the same spec, in this process and every later one. */
export function composeMessage(spec: MessageSpec): Buffer {
  if (spec.raw !== undefined) return Buffer.from(spec.raw, 'base64');
  const seed = createHash('sha256').update(spec.message_id).digest();
  return spec.malformed ? composeMalformed(spec, seed) : composeWellFormed(spec, seed);
}

function composeWellFormed(spec: MessageSpec, seed: Buffer): Buffer {
  const boundary = `=_${seed.toString('hex', 0, 12)}`;
  const paragraphs = Array.from({ length: 4 }, (_, i) => `${pick(SENTENCES, seed, i)} ${pick(SENTENCES, seed, i + 4)}`);
  const head = [
    ...receivedHeaders(spec, seed),
    `From: ${spec.from}`,
    `To: <${spec.to}>`,
    `Subject: ${encodeWord(spec.subject)}`,
    `Date: ${headerDate(spec.date)}`,
    `Message-ID: ${spec.message_id}`,
    'MIME-Version: 1.0',
    `Content-Type: multipart/alternative; boundary="${boundary}"`,
    '',
    `--${boundary}`,
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    'Hello,',
    '',
    ...paragraphs,
    '',
  ].join('\r\n');
  const tail = [
    `--${boundary}`,
    'Content-Type: text/html; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    '<!doctype html><html><body><p>Hello,</p>',
    ...paragraphs.map((paragraph) => `<p>${paragraph}</p>`),
    '</body></html>',
    `--${boundary}--`,
    '',
  ].join('\r\n');
  const padding = (spec.size ?? 0) - Buffer.byteLength(head) - Buffer.byteLength(tail);
  return Buffer.concat([Buffer.from(head), paddingLines(padding, seed), Buffer.from(tail)]);
}

/**
 * What real servers do hand out now and then: bare line feeds, a header that is none, 8-bit bytes of no charset, two
 * dates, a boundary that never closes and an unknown encoding.
 */
function composeMalformed(spec: MessageSpec, seed: Buffer): Buffer {
  const text = [
    `Message-ID: ${spec.message_id}`,
    `From: =?broken?Q?=ZZ <<${spec.from}`,
    `To: ${spec.to},,;`,
    'this line is not a header',
    `Subject: =?utf-9?B?///${seed.toString('hex', 0, 4)}?= ${spec.subject}`,
    'Date: the day before yesterday',
    `Date: ${headerDate(spec.date)}`,
    'Content-Type: multipart/mixed; boundary="never',
    'Content-Transfer-Encoding: x-nobody-knows',
    '',
    '--never',
    'Content-Type: text/plain; charset=x-none',
    '',
  ].join('\n');
  return Buffer.concat([Buffer.from(text), Buffer.from([0xc3, 0x28, 0xff, 0xfe, 0x00, 0x0d, 0x0a]), seed]);
}

function receivedHeaders(spec: MessageSpec, seed: Buffer): string[] {
  const domain = spec.from.slice(spec.from.lastIndexOf('@') + 1, -1);
  return [
    `Received: from mail.${domain} (mail.${domain} [192.0.2.${(seed[5] ?? 1) % 254}])`,
    `\tby mx.sandbox.example with ESMTPS id ${seed.toString('hex', 6, 12)}`,
    `\tfor <${spec.to}>; ${headerDate(spec.date)}`,
  ];
}

/**
 * Lines of 76 letters that add up to `bytes`, at least none; not all alike, so that nothing compresses them to nothing.
 */
function paddingLines(bytes: number, seed: Buffer): Buffer {
  if (bytes <= 0) return Buffer.alloc(0);
  const block = `${createHash('sha512').update(seed).digest('base64').slice(0, 76)}\r\n`;
  const padding = Buffer.alloc(bytes, block);
  if (bytes >= 2) padding.write('\r\n', bytes - 2);
  return padding;
}

function pick<T>(choices: readonly T[], seed: Buffer, position: number): T {
  const choice = choices[(seed[position % seed.length] ?? 0) % choices.length];
  if (choice === undefined) throw new RangeError('nothing to choose from');
  return choice;
}

/** RFC 2047, where it is needed. */
function encodeWord(text: string): string {
  return /^[\x20-\x7e]*$/.test(text) ? text : `=?utf-8?B?${Buffer.from(text).toString('base64')}?=`;
}

/** RFC 5322 section 3.3, in UTC. */
function headerDate(iso: string): string {
  return new Date(iso).toUTCString().replace('GMT', '+0000');
}
