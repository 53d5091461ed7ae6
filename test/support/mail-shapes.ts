import { randomBytes } from 'node:crypto';

/** A message as a mail server may hold it, and when it says that it arrived. */
export interface ShapedMail {
  shape: string;
  raw: Buffer;
  receivedAt: Date;
}

type Shape = (unique: string) => (string | Buffer)[];

const CRLF = '\r\n';
const RECEIVED = new Date('2026-05-05T09:00:00Z');

function headers(unique: string, more: Record<string, string> = {}): string {
  const all = {
    From: 'Maya <maya@sender.example>',
    To: 'ana@example.com',
    Subject: `Delivery window ${unique}`,
    Date: 'Tue, 05 May 2026 09:00:00 +0000',
    'Message-ID': `<${unique}@sender.example>`,
    ...more,
  };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}`]));
  return lines.join(CRLF) + CRLF;
}

const multipart = (unique: string, parts: string[], end = true) =>
  [
    'MIME-Version: 1.0',
    `Content-Type: multipart/mixed; boundary="=_${unique}"`,
    '',
    ...parts.flatMap((part) => [`--=_${unique}`, part]),
    ...(end ? [`--=_${unique}--`] : []),
    '',
  ].join(CRLF);

const TEXT = `Content-Type: text/plain; charset=utf-8${CRLF}${CRLF}Schöne Grüße.`;
const base64 = (bytes: number) =>
  (
    randomBytes(bytes)
      .toString('base64')
      .match(/.{1,76}/g) ?? []
  ).join(CRLF);
const attachment = (bytes: number) =>
  ['Content-Type: application/pdf', 'Content-Transfer-Encoding: base64', '', base64(bytes)].join(CRLF);

/** What mail programs, scanners, lists and spammers have been seen to send (RFC 5322, RFC 2045, and neither). */
const SHAPES: Record<string, Shape> = {
  plain: (u) => [headers(u), CRLF, 'Hello', CRLF],
  alternative: (u) => [headers(u), multipart(u, [TEXT, `Content-Type: text/html${CRLF}${CRLF}<b>Hello</b>`])],
  attachment: (u) => [headers(u), multipart(u, [TEXT, attachment(20_000)])],
  'message in a message': (u) => [
    headers(u),
    multipart(u, [`Content-Type: message/rfc822${CRLF}${CRLF}${headers(`${u}-inner`)}${CRLF}Inner`]),
  ],
  '8-bit headers': (u) => [
    Buffer.from(headers(u, { Subject: `Angebot \xfcber St\xfchle ${u}` }), 'latin1'),
    CRLF,
    'x',
    CRLF,
  ],
  'UTF-8 headers': (u) => [
    headers(u, { Subject: `見積もり ${u}`, From: '"Ünal" <ünal@sender.example>' }),
    CRLF,
    'x',
    CRLF,
  ],
  'broken encoded words': (u) => [
    headers(u, { Subject: `=?utf-8?B?4oSi?= =?x-none?Q?=ZZ?= =?utf-8?B ${u}` }),
    CRLF,
    CRLF,
  ],
  'broken MIME': (u) => [headers(u), multipart(u, [TEXT, 'no header here'], false)],
  'a boundary that never comes': (u) => [
    headers(u, { 'Content-Type': 'multipart/mixed; boundary=missing' }),
    CRLF,
    'x',
  ],
  'no date': (u) => [headers(u, { Date: '' }), CRLF, 'x', CRLF],
  'a date of 1970': (u) => [headers(u, { Date: 'Thu, 01 Jan 1970 00:00:00 +0000' }), CRLF, 'x', CRLF],
  'a date that is none': (u) => [headers(u, { Date: 'yesterday, about noon' }), CRLF, 'x', CRLF],
  'a date to come': (u) => [headers(u, { Date: 'Wed, 05 May 2106 09:00:00 +0000' }), CRLF, 'x', CRLF],
  'no Message-ID': (u) => [headers(u, { 'Message-ID': '' }), CRLF, `Page ${u}`, CRLF],
  'a shared Message-ID': (u) => [headers(u, { 'Message-ID': '<always-the-same@sender.example>' }), CRLF, 'x', CRLF],
  'a Message-ID without brackets': (u) => [headers(u, { 'Message-ID': u }), CRLF, 'x', CRLF],
  'no headers': (u) => [CRLF, `just words ${u}`],
  'headers alone': (u) => [headers(u)],
  'bare line feeds': (u) => [headers(u).replaceAll(CRLF, '\n'), '\n', 'one\ntwo\n'],
  'one line of 100,000': (u) => [headers(u), CRLF, 'x'.repeat(100_000), CRLF],
  'a header of 100,000': (u) => [headers(u, { 'X-Long': `a${`${CRLF} b`.repeat(20_000)}` }), CRLF, 'x', CRLF],
  'a thousand recipients': (u) => [
    headers(u, { To: Array.from({ length: 1000 }, (_, i) => `p${i}@example.com`).join(`,${CRLF} `) }),
    CRLF,
    'x',
  ],
  'bytes of every value': (u) => [headers(u), CRLF, Buffer.from(Array.from({ length: 245 }, (_, i) => i + 11)), CRLF],
};

/** `count` messages of every shape in turn, each of its own content. */
export function* shapedMail(count: number, receivedAt = RECEIVED): Generator<ShapedMail> {
  const shapes = Object.entries(SHAPES);
  for (let i = 0; i < count; i++) {
    const [shape, write] = shapes[i % shapes.length] ?? ['', () => []];
    const raw = Buffer.concat(write(randomBytes(9).toString('hex')).map((piece) => Buffer.from(piece)));
    yield { shape, raw, receivedAt };
  }
}

/** One of `bytes` and a little more. */
export function largeMail(bytes: number): ShapedMail {
  const unique = randomBytes(9).toString('hex');
  return {
    shape: 'large',
    raw: Buffer.from(headers(unique) + multipart(unique, [TEXT, attachment((bytes * 3) / 4)])),
    receivedAt: RECEIVED,
  };
}
