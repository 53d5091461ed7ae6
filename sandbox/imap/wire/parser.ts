import { decodeFolderName } from './modified-utf7.ts';
import { BadCommand, monthNumber } from './reply.ts';
import { parseSequenceSet, type SequenceSet } from './sequence-set.ts';

const atomSpecials = new Set('(){%*"\\'.split('').map((character) => character.charCodeAt(0)));
const space = 0x20;
const quote = 0x22;
const backslash = 0x5c;

/** Reads one command from left to right. Literals stand in the bytes as they came: `{n}` CRLF and n bytes. */
export class CommandParser {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Everything not read yet, for messages about a command that cannot be parsed. */
  rest(): Buffer {
    return this.#bytes.subarray(this.#at);
  }

  atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  end(): void {
    if (!this.atEnd()) throw new BadCommand('Unexpected extra arguments');
  }

  peek(): string {
    return String.fromCharCode(this.#bytes[this.#at] ?? 0);
  }

  /** Takes `text` if it comes next, in any case. */
  take(text: string): boolean {
    const next = this.#bytes.toString('latin1', this.#at, this.#at + text.length);
    if (next.toUpperCase() !== text.toUpperCase()) return false;
    this.#at += text.length;
    return true;
  }

  expect(text: string): void {
    if (!this.take(text)) throw new BadCommand(`Expected ${text === ' ' ? 'a space' : text}`);
  }

  space(): void {
    this.expect(' ');
  }

  /** Characters as long as they satisfy `accept`; at least one. */
  word(accept: (byte: number) => boolean, what: string): string {
    const start = this.#at;
    while (!this.atEnd() && accept(this.#bytes[this.#at] as number)) this.#at++;
    if (this.#at === start) throw new BadCommand(`Expected ${what}`);
    return this.#bytes.toString('latin1', start, this.#at);
  }

  atom(): string {
    return this.word((byte) => isAtomByte(byte) && byte !== 0x5d, 'an atom');
  }

  /** An atom in capitals: names of commands, items and search keys. */
  keyword(): string {
    return this.atom().toUpperCase();
  }

  number(): number {
    const text = this.word((byte) => byte >= 0x30 && byte <= 0x39, 'a number');
    const value = Number(text);
    if (!Number.isSafeInteger(value)) throw new BadCommand('Number is too large');
    return value;
  }

  sequenceSet(): SequenceSet {
    return parseSequenceSet(this.word((byte) => '0123456789:,*'.includes(String.fromCharCode(byte)), 'a messageset'));
  }

  /** `astring`: an atom (which may hold `]`), a quoted string or a literal; as bytes. */
  astringBytes(): Buffer {
    if (this.peek() === '"' || this.peek() === '{') return this.stringBytes();
    return Buffer.from(this.word(isAtomByte, 'a string'), 'latin1');
  }

  astring(): string {
    return this.astringBytes().toString('utf8');
  }

  stringBytes(): Buffer {
    return this.peek() === '"' ? this.#quoted() : this.literal();
  }

  string(): string {
    return this.stringBytes().toString('utf8');
  }

  nstring(): string | null {
    return this.peek() !== '"' && this.peek() !== '{' && this.take('NIL') ? null : this.string();
  }

  /** A folder's name, decoded. INBOX is the same in any case. */
  mailbox(): string {
    return canonicalFolder(decodeFolderName(this.astring()));
  }

  /** A pattern of LIST: like a name, but `%` and `*` may stand in an atom. */
  listPattern(): string {
    const quoted = this.peek() === '"' || this.peek() === '{';
    return decodeFolderName(quoted ? this.string() : this.word(isPatternByte, 'a mailbox pattern'));
  }

  literal(): Buffer {
    const head = /^\{(\d+)\+?\}\r?\n/.exec(this.#bytes.toString('latin1', this.#at, this.#at + 24));
    if (!head) throw new BadCommand('Expected a string');
    const start = this.#at + head[0].length;
    this.#at = start + Number(head[1]);
    return this.#bytes.subarray(start, this.#at);
  }

  /** `(` items separated by single spaces `)`; may be empty. */
  list<T>(item: () => T): T[] {
    this.expect('(');
    const items: T[] = [];
    while (!this.take(')')) {
      if (items.length > 0) this.space();
      items.push(item());
    }
    return items;
  }

  flag(): string {
    return this.take('\\') ? `\\${this.atom()}` : this.atom();
  }

  /** `date` of SEARCH, quoted or not: the first millisecond of that day in UTC. */
  date(): number {
    const quoted = this.take('"');
    const text = this.word((byte) => byte > space && byte !== quote && byte !== 0x29, 'a date');
    if (quoted) this.expect('"');
    const [day, month, year] = /^(\d{1,2})-([a-z]{3})-(\d{4})$/i.exec(text)?.slice(1) ?? [];
    return checkedTime(Date.UTC(Number(year), monthNumber(month ?? ''), Number(day)), month);
  }

  /** `date-time` of APPEND, in milliseconds since 1970. */
  dateTime(): number {
    const match = /^ ?(\d{1,2})-([a-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$/i.exec(this.string());
    const [day, month, year, hour, minute, second, sign, zoneHour, zoneMinute] = match?.slice(1) ?? [];
    const zoneMs = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60_000 * (sign === '-' ? -1 : 1);
    const local = Date.UTC(
      Number(year),
      monthNumber(month ?? ''),
      Number(day),
      Number(hour),
      Number(minute),
      Number(second),
    );
    return checkedTime(local - zoneMs, month);
  }

  #quoted(): Buffer {
    const out: number[] = [];
    for (this.#at++; ; this.#at++) {
      let byte = this.#bytes[this.#at];
      if (byte === quote) break;
      if (byte === backslash) byte = this.#bytes[++this.#at];
      if (byte === undefined || byte === 0x0d || byte === 0x0a) throw new BadCommand("Missing '\"'");
      out.push(byte);
    }
    this.#at++;
    return Buffer.from(out);
  }
}

function isAtomByte(byte: number): boolean {
  return byte > space && byte !== 0x7f && !atomSpecials.has(byte);
}

function isPatternByte(byte: number): boolean {
  return isAtomByte(byte) || byte === 0x25 || byte === 0x2a;
}

/** INBOX is one name in every case (RFC 3501 section 5.1), also as the first part of a path. */
export function canonicalFolder(name: string): string {
  return /^inbox(?=\/|$)/i.test(name) ? `INBOX${name.slice(5)}` : name;
}

function checkedTime(atMs: number, month: string | undefined): number {
  if (Number.isNaN(atMs) || monthNumber(month ?? '') < 0) throw new BadCommand('Invalid date');
  return atMs;
}
