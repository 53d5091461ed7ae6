/**
 * RFC 3501 section 7.1: a command that was understood and refused. `code` is what stands in brackets; `httpStatus` is
 * how the request log calls it, where that is not the usual one.
 */
export class Refusal extends Error {
  readonly code: string | null;
  readonly httpStatus: number | null;

  constructor(text: string, code: string | null = null, httpStatus: number | null = null) {
    super(text);
    this.code = code;
    this.httpStatus = httpStatus;
  }
}

/** A command that was not understood: wrong grammar, or not allowed in this state. */
export class BadCommand extends Error {
  readonly httpStatus: number;

  constructor(text: string, httpStatus = 400) {
    super(text);
    this.httpStatus = httpStatus;
  }
}

/** The server says goodbye instead of answering: `* BYE text`, and hangs up. */
export class Goodbye extends Error {
  readonly httpStatus: number;

  constructor(text: string, httpStatus: number) {
    super(text);
    this.httpStatus = httpStatus;
  }
}

/** The connection ends here without an answer, after these bytes if there are any. */
export class Hangup extends Error {
  readonly bytes: string;

  constructor(bytes = '') {
    super('hang up');
    this.bytes = bytes;
  }
}

/** The text of a status response: `[CODE] text`. */
export function statusText(text: string, code: string | null = null): string {
  return code ? `[${code}] ${text}` : text;
}

const quotable = /^[\x20-\x7e]*$/;
const longestQuoted = 1024;

/** A `string` of RFC 3501 section 9: quoted where that is allowed, else a literal. */
export function imapString(value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  const text = bytes.toString('latin1');
  if (bytes.length > longestQuoted || !quotable.test(text)) return literal(bytes);
  return Buffer.from(`"${text.replace(/["\\]/g, '\\$&')}"`, 'latin1');
}

/** A `string`, or NIL for null. */
export function nullableString(value: string | Buffer | null): Buffer {
  return value === null ? nil : imapString(value);
}

/** `{n}` and the bytes themselves. A server never waits before it sends one. */
export function literal(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`{${bytes.length}}\r\n`, 'latin1'), bytes]);
}

const nil = Buffer.from('NIL');

/** `(a b c)`, or `()` for nothing. */
export function list(items: (string | Buffer)[], separator = ' '): Buffer {
  const parts: Buffer[] = [Buffer.from('(')];
  items.forEach((item, index) => {
    if (index > 0 && separator) parts.push(Buffer.from(separator));
    parts.push(typeof item === 'string' ? Buffer.from(item, 'latin1') : item);
  });
  parts.push(Buffer.from(')'));
  return Buffer.concat(parts);
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A `date-time` of RFC 3501, in UTC: `" 3-May-2026 10:11:12 +0000"`. */
export function dateTime(atMs: number): string {
  const at = new Date(atMs);
  const day = String(at.getUTCDate()).padStart(2, ' ');
  const time = at.toISOString().slice(11, 19);
  return `"${day}-${months[at.getUTCMonth()]}-${at.getUTCFullYear()} ${time} +0000"`;
}

/** The month (0 to 11) of its three letters, in any case, or -1. */
export function monthNumber(name: string): number {
  return months.findIndex((month) => month.toLowerCase() === name.toLowerCase());
}
