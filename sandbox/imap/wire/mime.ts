/** One header field as it stands in the message: `raw` with its folding and its line end. */
export interface HeaderField {
  name: string;
  raw: Buffer;
}

export interface ContentType {
  type: string;
  subtype: string;
  parameters: [string, string][];
}

/** A node of a message's tree, as byte ranges over the one buffer that holds the message. */
export interface MimePart {
  /** Header fields and the empty line that ends them. */
  header: Buffer;
  body: Buffer;
  fields: HeaderField[];
  contentType: ContentType;
  /** The parts of a multipart; else empty. */
  children: MimePart[];
  /** What a message/rfc822 holds. */
  message: MimePart | null;
}

const deepest = 50;
const textPlain: ContentType = { type: 'text', subtype: 'plain', parameters: [['charset', 'us-ascii']] };
const embeddedMessage: ContentType = { type: 'message', subtype: 'rfc822', parameters: [] };

/** Reads a message or part (RFC 2045, 2046). Never throws: what is malformed is read as text. */
export function parseMime(bytes: Buffer, fallback: ContentType = textPlain, depth = 0): MimePart {
  const { header, body } = splitHeader(bytes);
  const fields = parseFields(header);
  const value = fieldValue(fields, 'content-type');
  const contentType = (value === null ? null : parseContentType(value)) ?? fallback;
  const part: MimePart = { header, body, fields, contentType, children: [], message: null };
  if (depth >= deepest) return { ...part, contentType: textPlain };
  if (contentType.type === 'multipart') {
    const childDefault = contentType.subtype === 'digest' ? embeddedMessage : textPlain;
    part.children = splitMultipart(part).map((child) => parseMime(child, childDefault, depth + 1));
    // A multipart needs a part to be described at all (RFC 3501: 1*body).
    if (part.children.length === 0) part.children = [parseMime(Buffer.alloc(0), textPlain, depth + 1)];
  } else if (contentType.type === 'message' && contentType.subtype === 'rfc822') {
    part.message = parseMime(body, textPlain, depth + 1);
  }
  return part;
}

/** Splits at the first empty line; the empty line belongs to the header. */
export function splitHeader(bytes: Buffer): { header: Buffer; body: Buffer } {
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf(0x0a, at);
    if (end < 0) break;
    const length = end - at - (bytes[end - 1] === 0x0d ? 1 : 0);
    if (length <= 0) return { header: bytes.subarray(0, end + 1), body: bytes.subarray(end + 1) };
    at = end + 1;
  }
  return { header: bytes, body: bytes.subarray(bytes.length) };
}

export function parseFields(header: Buffer): HeaderField[] {
  const fields: HeaderField[] = [];
  let at = 0;
  while (at < header.length) {
    let end = header.indexOf(0x0a, at);
    // A line that begins with white space continues the field.
    while (end >= 0 && (header[end + 1] === 0x20 || header[end + 1] === 0x09)) end = header.indexOf(0x0a, end + 1);
    const raw = header.subarray(at, end < 0 ? header.length : end + 1);
    const colon = raw.indexOf(0x3a);
    if (colon > 0) fields.push({ name: raw.toString('latin1', 0, colon).trimEnd(), raw });
    at += raw.length;
  }
  return fields;
}

/** The unfolded value of the first field of that (lower-case) name, as latin1, or null. */
export function fieldValue(fields: HeaderField[], name: string): string | null {
  const field = fields.find((candidate) => candidate.name.toLowerCase() === name);
  return field ? unfold(field) : null;
}

export function unfold(field: HeaderField): string {
  const text = field.raw.toString('latin1', field.raw.indexOf(0x3a) + 1);
  return text.replace(/\r?\n(?=[ \t])/g, '').trim();
}

/** `type/subtype; name=value; …` with comments and quoted strings; null where it is not one. */
function parseContentType(value: string): ContentType | null {
  const match = /^\s*([^\s/;()<>@,"[\]?=:\\]+)\s*\/\s*([^\s/;()<>@,"[\]?=:\\]+)/.exec(value);
  if (!match?.[1] || !match[2]) return null;
  return {
    type: match[1].toLowerCase(),
    subtype: match[2].toLowerCase(),
    parameters: parseParameters(value.slice(match[0].length)),
  };
}

/** The `; name=value` pairs after a header's first word. Names in lower case, values unquoted. */
export function parseParameters(text: string): [string, string][] {
  const parameters: [string, string][] = [];
  const pattern = /;\s*(?:\([^)]*\)\s*)*([^\s=;"()]+)\s*=\s*(?:"((?:[^"\\]|\\[\s\S])*)"?|([^\s;]*))/g;
  for (const [, name, quoted, token] of text.matchAll(pattern)) {
    if (name) parameters.push([name.toLowerCase(), quoted?.replace(/\\([\s\S])/g, '$1') ?? token ?? '']);
  }
  return parameters;
}

/** The parts between the boundaries of RFC 2046 section 5.1.1, without the line end before each boundary. */
function splitMultipart(part: MimePart): Buffer[] {
  const boundary = part.contentType.parameters.find(([name]) => name === 'boundary')?.[1];
  if (!boundary) return [];
  const delimiter = Buffer.from(`--${boundary}`, 'latin1');
  const parts: Buffer[] = [];
  let start = -1;
  for (let at = 0; at < part.body.length; at = nextLine(part.body, at)) {
    if (!part.body.subarray(at, at + delimiter.length).equals(delimiter)) continue;
    const tail = part.body.toString('latin1', at + delimiter.length, nextLine(part.body, at)).trimEnd();
    if (tail !== '' && tail !== '--') continue;
    if (start >= 0) parts.push(withoutLineEnd(part.body.subarray(start, Math.max(start, at))));
    start = nextLine(part.body, at);
    if (tail === '--') return parts;
  }
  if (start >= 0) parts.push(part.body.subarray(start));
  return parts;
}

function nextLine(bytes: Buffer, at: number): number {
  const end = bytes.indexOf(0x0a, at);
  return end < 0 ? bytes.length : end + 1;
}

function withoutLineEnd(bytes: Buffer): Buffer {
  if (bytes.at(-1) !== 0x0a) return bytes;
  return bytes.subarray(0, bytes.length - (bytes.at(-2) === 0x0d ? 2 : 1));
}

/** The lines of a body as IMAP counts them: line ends. */
export function countLines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(0x0a); at >= 0; at = bytes.indexOf(0x0a, at + 1)) count++;
  return count;
}
