import { type MimePart, parseFields } from './mime.ts';
import type { CommandParser } from './parser.ts';
import { BadCommand, imapString, list } from './reply.ts';

/** What stands between the brackets of `BODY[…]` (RFC 3501 section 6.4.5). */
export interface Section {
  path: number[];
  part: 'ALL' | 'HEADER' | 'HEADER.FIELDS' | 'HEADER.FIELDS.NOT' | 'TEXT' | 'MIME';
  fields: string[];
}

/** Reads a section up to and with its `]`. */
export function parseSection(parser: CommandParser): Section {
  const path: number[] = [];
  while (/[1-9]/.test(parser.peek())) {
    path.push(parser.number());
    if (!parser.take('.')) break;
  }
  const section: Section = { path, part: 'ALL', fields: [] };
  if (!parser.take(']')) {
    section.part = parsePartName(parser);
    if (section.part === 'MIME' && path.length === 0) throw new BadCommand('MIME needs a part number');
    if (section.part.startsWith('HEADER.FIELDS')) {
      parser.space();
      section.fields = parser.list(() => parser.astring());
      if (section.fields.length === 0) throw new BadCommand('Expected header names');
    }
    parser.expect(']');
  }
  return section;
}

function parsePartName(parser: CommandParser): Section['part'] {
  for (const part of ['HEADER.FIELDS.NOT', 'HEADER.FIELDS', 'HEADER', 'TEXT', 'MIME'] as const) {
    if (parser.take(part)) return part;
  }
  throw new BadCommand('Invalid BODY section');
}

/** The section as the answer names it. */
export function formatSection({ path, part, fields }: Section): string {
  const names = part === 'ALL' ? [...path] : [...path, part];
  const text = names.join('.');
  if (fields.length === 0) return text;
  const quoted = fields.map((field) => (/^[!#$&'+\-.^_`|~\w]+$/.test(field) ? field.toUpperCase() : imapString(field)));
  return `${text} ${list(quoted).toString('utf8')}`;
}

/** The bytes of a section, or null for a part that the message does not have. */
export function sectionBytes(root: MimePart, whole: Buffer, section: Section): Buffer | null {
  if (section.path.length === 0) return bytesOf(root, whole, section);
  const part = findPart(root, section.path);
  if (!part) return null;
  if (section.part === 'ALL') return part.body;
  if (section.part === 'MIME') return part.header;
  // HEADER and TEXT of a numbered part mean those of the message inside it.
  return part.message ? bytesOf(part.message, part.body, section) : null;
}

function bytesOf(part: MimePart, whole: Buffer, section: Section): Buffer {
  switch (section.part) {
    case 'ALL':
      return whole;
    case 'TEXT':
      return part.body;
    case 'HEADER':
    case 'MIME':
      return part.header;
    case 'HEADER.FIELDS':
    case 'HEADER.FIELDS.NOT':
      return selectFields(part.header, section);
  }
}

/** The named fields, or all but these, and the empty line that ends a header. */
function selectFields(header: Buffer, section: Section): Buffer {
  const wanted = new Set(section.fields.map((field) => field.toLowerCase()));
  const keep = section.part === 'HEADER.FIELDS';
  const fields = parseFields(header).filter(({ name }) => wanted.has(name.toLowerCase()) === keep);
  return Buffer.concat([...fields.map(({ raw }) => raw), Buffer.from('\r\n')]);
}

function findPart(root: MimePart, path: number[]): MimePart | null {
  let part: MimePart | undefined;
  let container: MimePart | null = root;
  for (const number of path) {
    if (!container) return null;
    // A message that is not a multipart is its own part 1.
    part = container.contentType.type === 'multipart' ? container.children[number - 1] : [container][number - 1];
    if (!part) return null;
    container = part.message ?? (part.contentType.type === 'multipart' ? part : null);
  }
  return part ?? null;
}
