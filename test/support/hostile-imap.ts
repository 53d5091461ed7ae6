import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { loadServerCertificate } from '../../sandbox/certificate.ts';

/*
 * A mail server that chooses sizes, as a process of its own: the name that logs in chooses which. Its parent hears port
 * and authority, and says when new mail is there.
 */

const KIBIBYTE = 1024;
const MEBIBYTE = 1024 * KIBIBYTE;

interface Asked {
  tag: string;
  command: string;
  rest: string;
}

/** What is unusual about a mailbox; the rest is as everywhere. */
interface Persona {
  capabilities?: string;
  folders?: () => string[];
  /** New mail, once the parent has said so. */
  mail?: () => string[];
  uidNext?: number;
  answer?: (asked: Asked, socket: TLSSocket) => string | null;
  afterMs?: number;
}

const many = (count: number) => () => Array.from({ length: count }, (_, n) => `Projects/P${n}`);
const listStatus = { capabilities: 'LIST-STATUS' };
const flood = (socket: TLSSocket, bytes: string): null => {
  const more = () => void socket.write(bytes, (error) => error ?? more());
  more();
  return null;
};
const duringExamine = (answer: NonNullable<Persona['answer']>): Persona => ({
  answer: (asked, socket) => (asked.command === 'EXAMINE' ? answer(asked, socket) : '-'),
});

const mail = (header: string, body = 'Good morning.\r\n') =>
  `From: Maya <maya@sender.example>\r\nSubject: Thursday\r\nMessage-ID: <${Math.random()}@sender.example>\r\n${header}\r\n${body}`;
const nested = (depth: number) =>
  Array.from({ length: depth }, (_, n) => `--b${n}\r\nContent-Type: multipart/mixed; boundary=b${n + 1}\r\n\r\n`).join(
    '',
  );

const PERSONAS: Record<string, Persona> = {
  'folders-10000': { ...listStatus, folders: many(10_000), mail: () => [mail('')] },
  'folders-100000': { ...listStatus, folders: many(100_000), mail: () => [mail('')] },
  'folders-3000': { folders: many(3_000), afterMs: 40, mail: () => [mail('')] },
  names: {
    ...listStatus,
    folders: () => ['n'.repeat(MEBIBYTE), 'd/'.repeat(10_000), ...many(100)(), 'x/'.repeat(900)],
    mail: () => [mail('')],
  },
  headers: {
    mail: () => [
      mail(`To: ${'"P" <p@sender.example>, '.repeat(200_000)}p@sender.example\r\n`),
      mail('X-Line: 1\r\n'.repeat(100_000)),
      mail(`X-Long: ${'x'.repeat(10 * MEBIBYTE)}\r\n`),
      mail(`Cc: ${'a:'.repeat(256 * KIBIBYTE)}\r\n`),
      mail(`Cc: ${'=?utf-8?B?w7w=?= '.repeat(20_000)}<a@b.example>\r\n`),
      mail('Content-Type: multipart/mixed; boundary=b0\r\n', nested(10_000)),
    ],
  },
  search: {
    mail: () => [mail('')],
    uidNext: 5_000_001,
    answer: ({ command, tag }) => {
      if (command !== 'UID SEARCH') return '-';
      return `* SEARCH ${Array.from({ length: 5_000_000 }, (_, n) => n + 1).join(' ')}\r\n${tag} OK done\r\n`;
    },
  },
  literal: {
    mail: () => [mail('')],
    answer: ({ command }) => (command === 'UID FETCH' ? '* 1 FETCH (UID 1 BODY[] {4294967295}\r\n' : '-'),
  },
  capabilities: duringExamine(({ tag }) => `* CAPABILITY ${'X-MORE '.repeat(400_000)}\r\n${tag} OK done\r\n`),
  line: duringExamine((_asked, socket) => flood(socket, 'a'.repeat(60_000))),
  exists: duringExamine((_asked, socket) => flood(socket, '* 1 EXISTS\r\n'.repeat(5_000))),
  brackets: duringExamine((_asked, socket) => flood(socket, `* OK [${'['.repeat(20_000)}]\r\n`)),
  flags: duringExamine(({ tag }) => `* 1 FETCH (UID 1 FLAGS (${'flag '.repeat(100_000)}))\r\n${tag} OK done\r\n`),
  number: duringExamine(({ tag }) => `* OK [UIDVALIDITY ${'9'.repeat(30_000)}]\r\n${tag} OK done\r\n`),
  slow: { afterMs: 10_000 },
};

let isDelivered = false;
process.on('message', () => (isDelivered = true));

const { key, certificate, caFile } = await loadServerCertificate(mkdtempSync(join(tmpdir(), 'mooring-hostile-imap-')));
const server = createServer({ key, cert: certificate }, (socket) => converse(socket.on('error', () => undefined)));
server.listen(0, '127.0.0.1', () => process.send?.({ port: (server.address() as AddressInfo).port, caFile }));

function converse(socket: TLSSocket): void {
  let persona: Persona = {};
  let received = '';
  socket.write('* OK [CAPABILITY IMAP4rev1] ready\r\n');
  socket.on('data', (chunk) => {
    const lines = (received + chunk.toString('latin1')).split('\r\n');
    received = lines.pop() ?? '';
    for (const line of lines) {
      const [, tag = '', command = '', rest = ''] = /^(\S+) ((?:UID )?\S+) ?(.*)$/i.exec(line) ?? [];
      const asked = { tag, command: command.toUpperCase(), rest };
      if (asked.command === 'LOGIN') persona = PERSONAS[/[\w-]+/.exec(rest)?.[0] ?? ''] ?? {};
      const own = persona.answer?.(asked, socket) ?? (persona.answer ? null : '-');
      const answer = own === '-' ? usual(persona, asked) : own;
      if (answer !== null) setTimeout(() => socket.write(answer, 'latin1'), persona.afterMs ?? 0);
    }
  });
}

function usual(persona: Persona, { tag, command, rest }: Asked): string {
  const messages = isDelivered ? (persona.mail?.() ?? []) : [];
  const uidNext = isDelivered ? (persona.uidNext ?? messages.length + 1) : 1;
  const done = `${tag} OK done\r\n`;
  switch (command) {
    case 'CAPABILITY':
      return `* CAPABILITY IMAP4rev1 ${persona.capabilities ?? ''}\r\n${done}`;
    case 'LIST':
      return list(persona, rest, uidNext) + done;
    case 'STATUS':
      return `* STATUS ${rest.split(' (')[0]} (UIDNEXT ${rest.startsWith('INBOX') ? uidNext : 1} UIDVALIDITY 7)\r\n${done}`;
    case 'EXAMINE':
      return `* ${messages.length} EXISTS\r\n* OK [UIDVALIDITY 7]\r\n* OK [UIDNEXT ${uidNext}]\r\n${done}`;
    case 'UID SEARCH':
      return `* SEARCH ${messages.map((_, n) => n + 1).join(' ')}\r\n${done}`;
    case 'UID FETCH':
    case 'FETCH':
      return fetchAnswer(messages, rest) + done;
    case 'LOGOUT':
      return `* BYE\r\n${done}`;
    default:
      return done;
  }
}

function list({ folders, capabilities }: Persona, rest: string, uidNext: number): string {
  const isStatusAsked = capabilities === 'LIST-STATUS' && rest.includes('STATUS');
  const line = (name: string, next: number) =>
    `* LIST () "/" "${name}"\r\n${isStatusAsked ? `* STATUS "${name}" (UIDNEXT ${next} UIDVALIDITY 7)\r\n` : ''}`;
  return [...(folders?.() ?? []).map((name) => line(name, 1)), line('INBOX', uidNext)].join('');
}

function fetchAnswer(messages: string[], rest: string): string {
  const [set = '', ...items] = rest.split(' ');
  const wanted = new Set(set.split(',').flatMap((part) => rangeOf(part, messages.length)));
  const [, start, count] = /BODY\.PEEK\[\](?:<(\d+)\.(\d+)>)?/.exec(items.join(' ')) ?? [];
  const isBody = items.join(' ').includes('BODY.PEEK[]');
  return messages
    .map((raw, n) => {
      if (!wanted.has(n + 1)) return '';
      const part = start === undefined ? raw : raw.slice(Number(start), Number(start) + Number(count));
      const label = start === undefined ? 'BODY[]' : `BODY[]<${start}>`;
      const facts = `UID ${n + 1} INTERNALDATE "${internalDate()}" RFC822.SIZE ${raw.length}`;
      return `* ${n + 1} FETCH (${facts}${isBody ? ` ${label} {${part.length}}\r\n${part}` : ''})\r\n`;
    })
    .join('');
}

function rangeOf(part: string, last: number): number[] {
  const [from = 0, to = from] = part.split(':').map((word) => (word === '*' ? last : Number(word)));
  return Array.from({ length: Math.min(to, last) - from + 1 }, (_, n) => from + n);
}

function internalDate(): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) (\S+)/.exec(new Date().toUTCString()) ?? [];
  return `${day}-${month}-${year} ${time} +0000`;
}
