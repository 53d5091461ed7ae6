import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import type { Server, TLSSocket } from 'node:tls';
import { loadServerCertificate } from '../../sandbox/certificate.ts';

interface WrittenMessage {
  raw: string;
  /** As it is sent: quoted, NIL, or what no client can read. */
  internalDate: string;
  /** Told where a client asks for flags. */
  flags?: string;
}

export interface WrittenFolder {
  attributes: string;
  /** As it is sent: quoted, or NIL. */
  delimiter: string;
  uidValidity: number | null;
  uidNext: number | null;
  modseq: number;
  messages: Map<number, WrittenMessage>;
}

/** A command as the server understood it: its name in capitals and the rest of the line. */
export interface Asked {
  command: string;
  rest: string;
}

/** What goes out in place of an answer; empty: the server hangs; null: nothing, and the connection is cut. */
type Twist = (asked: Asked, answer: string) => string | null;

/**
 * An IMAP server for what no real server can be brought to do: every answer can be twisted. IMAP4rev1 over TLS as far
 * as the adapter speaks it; every login succeeds.
 */
export class WrittenImap {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly caFile: string;
  readonly folders = new Map<string, WrittenFolder>();
  /** Beyond IMAP4rev1. */
  capabilities = '';
  /** Of its lines. latin1: the folders' names are bytes. */
  charset: 'utf8' | 'latin1' = 'utf8';
  twist: Twist = (_asked, answer) => answer;
  /** Everything that was asked, in order. */
  asked: Asked[] = [];
  readonly #server: Server;
  readonly #dir: string;
  readonly #sockets = new Set<TLSSocket>();

  private constructor(server: Server, port: number, dir: string, caFile: string) {
    this.#server = server;
    this.port = port;
    this.#dir = dir;
    this.caFile = caFile;
  }

  /** @param certificates the folder of another server's, which its clients trust already */
  static async start(certificates?: string): Promise<WrittenImap> {
    const dir = mkdtempSync(join(tmpdir(), 'mooring-written-imap-'));
    const { key, certificate, caFile } = await loadServerCertificate(certificates ?? dir);
    const server = createServer({ key, cert: certificate });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const written = new WrittenImap(server, (server.address() as AddressInfo).port, dir, caFile);
    server.on('secureConnection', (socket) => written.#converse(socket));
    written.folder('INBOX');
    return written;
  }

  folder(name: string, given: Partial<WrittenFolder> = {}): WrittenFolder {
    const defaults = { attributes: '', delimiter: '"/"', uidValidity: 7, uidNext: 1, modseq: 1, messages: new Map() };
    const folder = this.folders.get(name) ?? { ...defaults, ...given };
    this.folders.set(name, folder);
    return folder;
  }

  /** New mail, as any server counts it. */
  deliver(name: string, count: number, at = new Date()): string[] {
    const folder = this.folder(name);
    return Array.from({ length: count }, () => {
      const messageId = `<${randomBytes(9).toString('hex')}@written.example>`;
      const raw = `From: <maya@sender.example>\r\nSubject: Thursday\r\nMessage-ID: ${messageId}\r\n\r\nGood morning.\r\n`;
      const uid = Math.max(folder.uidNext ?? 1, 1 + Math.max(0, ...folder.messages.keys()));
      folder.messages.set(uid, { raw, internalDate: dated(at) });
      if (folder.uidNext !== null) folder.uidNext = uid + 1;
      folder.modseq++;
      return messageId;
    });
  }

  /** How often a command came since the last call. */
  takeCounts(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { command } of this.asked) counts[command] = (counts[command] ?? 0) + 1;
    this.asked = [];
    return counts;
  }

  /** Ends every connection without a word. */
  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.hangUp();
    this.#server.close();
    await once(this.#server, 'close');
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #converse(socket: TLSSocket): void {
    this.#sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.write(`* OK [CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR ${this.capabilities}] ready\r\n`);
    let received = '';
    const session: WrittenSession = { selected: null };
    let literals = 0;
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      for (let read = readCommand(received); read !== null; read = readCommand(received)) {
        if (read.command === null) {
          if (read.literals > literals) socket.write('+ go on\r\n');
          literals = read.literals;
          return;
        }
        literals = 0;
        received = received.slice(read.length);
        this.#reply(socket, session, Buffer.from(read.command, 'latin1').toString(this.charset));
      }
    });
  }

  #reply(socket: TLSSocket, session: WrittenSession, line: string): void {
    const [, tag = '', command = '', rest = ''] = /^(\S+) ((?:UID )?\S+) ?(.*)$/i.exec(line) ?? [];
    const asked = { command: command.toUpperCase(), rest };
    this.asked.push(asked);
    const answer = this.twist(asked, this.#answer(session, asked));
    if (answer === null) socket.destroy();
    else if (!socket.destroyed) socket.write(answer.replaceAll('%T', tag), this.charset);
  }

  #answer(session: WrittenSession, { command, rest }: Asked): string {
    const folder = session.selected === null ? undefined : this.folders.get(session.selected);
    switch (command) {
      case 'CAPABILITY':
        return `* CAPABILITY IMAP4rev1 ${this.capabilities}\r\n%T OK done\r\n`;
      case 'LIST':
        return this.#list(rest);
      case 'STATUS':
        return this.#status(nameIn(rest), rest);
      case 'EXAMINE':
      case 'SELECT':
        session.selected = nameIn(rest);
        return this.#examine(session.selected);
      case 'UID SEARCH':
        return folder ? search(folder, rest) : '%T BAD nothing selected\r\n';
      case 'UID FETCH':
      case 'FETCH':
        return folder ? fetch(folder, rest) : '%T BAD nothing selected\r\n';
      case 'LOGOUT':
        return '* BYE\r\n%T OK done\r\n';
      default:
        return '%T OK done\r\n';
    }
  }

  #list(rest: string): string {
    const named = nameIn(rest.slice(3));
    const statusItems = /STATUS (\([^)]*\))/.exec(rest)?.[1];
    const lines = [...this.folders].flatMap(([name, { attributes, delimiter }]) => {
      if (named !== '*' && named !== name) return [];
      const line = `* LIST (${attributes}) ${delimiter} ${quoted(name)}\r\n`;
      return statusItems === undefined || /noselect|nonexistent/i.test(attributes)
        ? [line]
        : [line, this.#status(name, statusItems).replace('%T OK done\r\n', '')];
    });
    return `${lines.join('')}%T OK done\r\n`;
  }

  #status(name: string, items: string): string {
    const folder = this.folders.get(name);
    if (!folder) return '%T NO [NONEXISTENT] no such folder\r\n';
    const all = {
      MESSAGES: folder.messages.size,
      UIDNEXT: folder.uidNext,
      UIDVALIDITY: folder.uidValidity,
      HIGHESTMODSEQ: folder.modseq,
    };
    const told = Object.entries(all).filter(([item, value]) => value !== null && items.toUpperCase().includes(item));
    return `* STATUS ${quoted(name)} (${told.map(([item, value]) => `${item} ${value}`).join(' ')})\r\n%T OK done\r\n`;
  }

  #examine(name: string): string {
    const folder = this.folders.get(name);
    if (!folder) return '%T NO [NONEXISTENT] no such folder\r\n';
    const codes = { UIDVALIDITY: folder.uidValidity, UIDNEXT: folder.uidNext };
    const lines = Object.entries(codes).flatMap(([code, value]) =>
      value === null ? [] : [`* OK [${code} ${value}]\r\n`],
    );
    return `* ${folder.messages.size} EXISTS\r\n${lines.join('')}%T OK [READ-ONLY] done\r\n`;
  }
}

/**
 * The first whole command of what was received, its literals as quoted strings; `command` null: the client waits until
 * this many literals are asked for. null: a line is not whole yet.
 */
function readCommand(received: string): { command: string | null; literals: number; length: number } | null {
  let command = '';
  for (let at = 0, literals = 0; ;) {
    const end = received.indexOf('\r\n', at);
    if (end < 0) return literals > 0 && at >= received.length ? { command: null, literals, length: 0 } : null;
    const line = received.slice(at, end);
    const [mark, octets] = /\{(\d+)\+?\}$/.exec(line) ?? [];
    if (mark === undefined) return { command: command + line, literals, length: end + 2 };
    const next = end + 2 + Number(octets);
    literals++;
    if (received.length < next) return { command: null, literals, length: 0 };
    command += line.slice(0, -mark.length) + quoted(received.slice(end + 2, next));
    at = next;
  }
}

interface WrittenSession {
  selected: string | null;
}

/** RFC 3501 section 9, date-time. */
function dated(date: Date): string {
  const [, day, month, year, time] = /^\w+, (\d+) (\w+) (\d+) (\S+)/.exec(date.toUTCString()) ?? [];
  return `"${day}-${month}-${year} ${time} +0000"`;
}

const quoted = (name: string) => `"${name.replaceAll(/["\\]/g, '\\$&')}"`;

function nameIn(rest: string): string {
  const [, inQuotes, atom = ''] = /^(?:"((?:[^"\\]|\\.)*)"|(\S+))/.exec(rest) ?? [];
  return inQuotes === undefined ? atom : inQuotes.replaceAll(/\\(.)/g, '$1');
}

function search(folder: WrittenFolder, criteria: string): string {
  const [, from, to] = /UID (\d+):(\d+)/.exec(criteria) ?? [];
  const uids = uidsOf(folder).filter((uid) => from === undefined || (uid >= Number(from) && uid <= Number(to)));
  return `* SEARCH ${uids.join(' ')}\r\n%T OK done\r\n`;
}

function fetch(folder: WrittenFolder, rest: string): string {
  const uids = uidsOf(folder);
  const [set = '', ...items] = rest.split(' ');
  const wanted = set === '*' ? uids.slice(-1) : uids.filter((uid) => isIn(set, uid));
  const whole = items.join(' ').includes('BODY.PEEK[]');
  const fields = /BODY\.PEEK(\[HEADER\.FIELDS \(([^)]*)\)\])/i.exec(items.join(' '));
  const lines = wanted.map((uid) => {
    const { raw, internalDate, flags = '' } = folder.messages.get(uid) as WrittenMessage;
    const [section, content] = whole ? ['[]', raw] : fields ? [fields[1], fieldsOf(raw, fields[2] ?? '')] : [];
    const body = content === undefined ? '' : ` BODY${section} {${Buffer.byteLength(content)}}\r\n${content}`;
    const told = items.join(' ').includes('FLAGS') ? ` FLAGS (${flags})` : '';
    const facts = `UID ${uid}${told} INTERNALDATE ${internalDate} RFC822.SIZE ${Buffer.byteLength(raw)}`;
    return `* ${uids.indexOf(uid) + 1} FETCH (${facts}${body})\r\n`;
  });
  return `${lines.join('')}%T OK done\r\n`;
}

/** RFC 3501 section 6.4.5: these fields and the empty line. */
function fieldsOf(raw: string, names: string): string {
  const wanted = names.toLowerCase().split(' ');
  const lines = raw.slice(0, raw.indexOf('\r\n\r\n')).split('\r\n');
  return [...lines.filter((line) => wanted.includes(line.split(':')[0]?.toLowerCase() ?? '')), '', ''].join('\r\n');
}

const uidsOf = ({ messages }: WrittenFolder) => [...messages.keys()].toSorted((a, b) => a - b);

function isIn(set: string, uid: number): boolean {
  return set.split(',').some((part) => {
    const [first, last = first] = part.split(':').map(Number);
    return uid >= (first ?? 0) && uid <= (last ?? 0);
  });
}
