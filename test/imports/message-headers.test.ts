import * as fc from 'fast-check';
import PostalMime from 'postal-mime';
import type { Address } from 'postal-mime';
import { expect, test } from 'vitest';
import { readHeaderFields } from '../../imports/fetching/header-fields.ts';
import { readMessageHeaders } from '../../imports/fetching/headers.ts';
import { shapedMail } from '../support/mail-shapes.ts';

// PostalMime leaves the date to JavaScript, which reads one without a zone in the time of this process.
process.env['TZ'] = 'UTC';

const NAMES = [
  'From',
  'to',
  'CC',
  'Bcc',
  'Subject',
  'Date',
  'Message-ID',
  'X-Other',
  ' Subject ',
  'From\t',
  '\u{A0}From',
];
const PIECES = [
  'Maya <maya@sender.example>',
  '"Weber, Jonas" <j@w.example>',
  'Team: a@b.example, c@d.example;',
  '=?utf-8?B?w7w=?=',
  '=?utf-8?Q?=ZZ?=',
  'Tue, 05 May 2026 09:00:00 +0000',
  'Tue, 05 May 2026 09:00:00',
  '<x@y.example>',
  '(a comment)',
  'ü見',
  ',',
  ';',
  ':',
  '"',
  '\0',
  '\r',
  '\t',
  '  ',
  '\u{FEFF}',
];
const LINE_ENDS = ['\r\n', '\n', '\r\r\n', '\r\n ', '\n\t', '\r\n\r\n', '\n\r\n'];

const piece = fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary', maxLength: 5 }));
const field = fc
  .tuple(fc.constantFrom(...NAMES), fc.constantFrom(':', ': ', ''), fc.array(piece), fc.constantFrom(...LINE_ENDS))
  .map(([name, colon, pieces, end]) => name + colon + pieces.join('') + end);
const bytes = fc.oneof(
  { weight: 4, arbitrary: fc.array(field, { maxLength: 12 }).map((fields) => Buffer.from(fields.join(''))) },
  { weight: 1, arbitrary: fc.array(field).map((fields) => Buffer.from(fields.join(''), 'latin1')) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 80 }).map((any) => Buffer.from(any)) },
);

/** Stored fingerprints were made of what PostalMime reads: another word here, and mail that was moved comes twice. */
test('headers are read as PostalMime reads them', async () => {
  await fc.assert(fc.asyncProperty(bytes, agrees), { numRuns: 1_000 });
});

test('headers of every shape of mail are read as PostalMime reads them', async () => {
  for (const { raw } of shapedMail(30)) await agrees(raw);
});

/** Headers as no mail program writes them: what is stored of them has a limit, and reading them keeps no one waiting. */
const KIBIBYTE = 1024;
const HALF = 512 * KIBIBYTE;
const list = (count: number) => Array.from({ length: count }, (_, n) => `"P, ${n}" <p${n}@sender.example>`).join(', ');
const huge: [string, string][] = [
  ['100,000 recipients', `To: ${list(100_000)}\r\n`],
  ['100,000 recipients of fields of their own', 'Cc: p@sender.example\r\n'.repeat(100_000)],
  ['groups in groups', `To: ${'a:'.repeat(HALF)}\r\n`],
  ['groups without members', `To: ${'a:;'.repeat(HALF)}\r\n`],
  ['quotes', `To: ${'"'.repeat(HALF - 1)}\r\n`],
  ['comments', `To: ${'('.repeat(HALF)}\r\n`],
  ['encoded words', `Cc: ${'=?utf-8?B?w7w=?= '.repeat(HALF / 17)}<a@b.example>\r\n`],
  [
    'names of their own',
    `To: ${Array.from({ length: 500 }, () => `${'n'.repeat(3_000)} <a@b.example>`).join(',')}\r\n`,
  ],
  ['100,000 lines', 'X: 1\r\n'.repeat(100_000)],
  ['a folded line', `X: 1\r\n${' 1\r\n'.repeat(HALF / 4)}`],
  ['a Received chain', `Received: from a by b; Tue, 05 May 2026 09:00:00 +0000\r\n`.repeat(8_000)],
];

test.each(huge)('headers with %s are read in turns, and cut', async (_what, header) => {
  const known = 'From: Maya <maya@sender.example>\r\nSubject: Thursday\r\nMessage-ID: <x@y.example>\r\n';
  const raw = Buffer.from(`${known}${header}\r\nbody`);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const beganAtMs = performance.now();
  const { sender, subject, recipients } = await readMessageHeaders(raw.subarray(0, HALF));
  const tookMs = performance.now() - beganAtMs;
  clearInterval(timer);
  expect([sender?.email, subject]).toEqual(['maya@sender.example', 'Thursday']);
  expect(recipients.length).toBeLessThanOrEqual(500);
  expect(JSON.stringify(recipients).length).toBeLessThan(64 * KIBIBYTE);
  // Others' turns come often, however long the whole takes.
  if (tookMs > 100) expect(turns).toBeGreaterThan(tookMs / 100);
});

test('a list of addresses of any length has its first 500', async () => {
  const whole = await readMessageHeaders(Buffer.from(`To: ${list(2_000)}\r\n\r\n`));
  expect(whole.recipients).toEqual(
    Array.from({ length: 500 }, (_, n) => ({ email: `p${n}@sender.example`, name: `P, ${n}` })),
  );
});

const storable = (text: string | undefined) => text?.replaceAll('\0', '\u{FFFD}').toWellFormed();

const mails = (entries: Address[]) =>
  entries.flatMap((entry) => entry.group ?? [entry]).flatMap(({ address }) => (address ? [storable(address)] : []));

async function agrees(raw: Buffer): Promise<void> {
  const email = await PostalMime.parse(raw);
  const fields = [...readHeaderFields(raw)];
  expect(fields).toEqual(email.headers.map(({ key, value }) => ({ name: key, value })));
  const { subject, messageId, sender, recipients, date } = await readMessageHeaders(raw);
  expect(subject).toEqual(storable(email.subject) ?? null);
  expect(messageId).toEqual(storable(email.messageId?.trim()) || null);
  const dated = new Date(email.date ?? '');
  const isDate = dated.getUTCFullYear() > 0 && dated.getUTCFullYear() < 10_000;
  expect(date).toEqual(isDate ? dated : null);
  expect(sender?.email).toEqual(mails(email.from ? [email.from] : [])[0]);
  const sentTo = mails([...(email.to ?? []), ...(email.cc ?? []), ...(email.bcc ?? [])]);
  expect(recipients.map((to) => to.email)).toEqual(sentTo.slice(0, 500));
}
