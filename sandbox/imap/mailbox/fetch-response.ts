import { bodyStructure } from '../wire/body-structure.ts';
import { envelope } from '../wire/envelope.ts';
import type { StoredMessage } from './mailbox.ts';
import { type MimePart, parseFields, parseMime, splitHeader } from '../wire/mime.ts';
import type { CommandParser } from '../wire/parser.ts';
import { BadCommand, dateTime, literal } from '../wire/reply.ts';
import { formatSection, parseSection, type Section, sectionBytes } from '../wire/section.ts';

/** One thing asked for by FETCH. `label` is how the answer calls it. */
export interface FetchItem {
  name: 'UID' | 'FLAGS' | 'INTERNALDATE' | 'RFC822.SIZE' | 'ENVELOPE' | 'BODY' | 'BODYSTRUCTURE' | 'MODSEQ' | 'SECTION';
  label: string;
  section?: Section;
  /** `<offset.count>` */
  partial?: { offset: number; count: number };
  /** Reading it sets \Seen. */
  marksSeen?: boolean;
}

const plainNames = ['UID', 'FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODYSTRUCTURE', 'MODSEQ'] as const;
const macros = {
  FAST: ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE'],
  ALL: ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE'],
  FULL: ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE', 'BODY'],
} as const;

/** Reads what FETCH asks for: a macro, one item, or a list of them. */
export function parseFetchItems(parser: CommandParser): FetchItem[] {
  if (parser.peek() === '(') {
    const items = parser.list(() => parseItem(parser));
    if (items.length === 0) throw new BadCommand('FETCH list is empty');
    return items;
  }
  const macro = (['FAST', 'ALL', 'FULL'] as const).find((name) => parser.take(name));
  if (macro) return macros[macro].map((name) => ({ name, label: name }));
  return [parseItem(parser)];
}

function parseItem(parser: CommandParser): FetchItem {
  const legacy = parseRfc822(parser);
  if (legacy) return legacy;
  const plain = plainNames.find((name) => parser.take(name));
  if (plain) return { name: plain, label: plain };
  if (parser.take('BODY.PEEK[')) return parseSectionItem(parser, false);
  if (parser.take('BODY[')) return parseSectionItem(parser, true);
  if (parser.take('BODY')) return { name: 'BODY', label: 'BODY' };
  throw new BadCommand(`Unknown parameter ${parser.atom()}`);
}

/** The three names from before BODY[…] (RFC 3501 section 6.4.5). */
function parseRfc822(parser: CommandParser): FetchItem | null {
  if (!parser.take('RFC822')) return null;
  if (parser.take('.SIZE')) return { name: 'RFC822.SIZE', label: 'RFC822.SIZE' };
  if (parser.take('.HEADER')) return { name: 'SECTION', label: 'RFC822.HEADER', section: topLevel('HEADER') };
  if (parser.take('.TEXT')) {
    return { name: 'SECTION', label: 'RFC822.TEXT', section: topLevel('TEXT'), marksSeen: true };
  }
  return { name: 'SECTION', label: 'RFC822', section: topLevel('ALL'), marksSeen: true };
}

function topLevel(part: Section['part']): Section {
  return { path: [], part, fields: [] };
}

function parseSectionItem(parser: CommandParser, marksSeen: boolean): FetchItem {
  const section = parseSection(parser);
  const item: FetchItem = { name: 'SECTION', label: `BODY[${formatSection(section)}]`, section, marksSeen };
  if (!parser.take('<')) return item;
  const offset = parser.number();
  parser.expect('.');
  const count = parser.number();
  if (count === 0) throw new BadCommand('Invalid BODY partial');
  parser.expect('>');
  return { ...item, label: `${item.label}<${offset}>`, partial: { offset, count } };
}

/** The message's bytes and structure, made at most once however many items want them. */
class LoadedMessage {
  readonly #message: StoredMessage;
  #bytes: Buffer | null = null;
  #mime: MimePart | null = null;

  constructor(message: StoredMessage) {
    this.#message = message;
  }

  get bytes(): Buffer {
    return (this.#bytes ??= this.#message.content.bytes());
  }

  get mime(): MimePart {
    return (this.#mime ??= parseMime(this.bytes));
  }
}

/** The whole untagged line, without its CRLF. */
export function fetchResponse(sequence: number, message: StoredMessage, items: FetchItem[]): Buffer {
  const loaded = new LoadedMessage(message);
  const parts: Buffer[] = [];
  let text = `* ${sequence} FETCH (`;
  items.forEach((item, index) => {
    const value = itemValue(item, message, loaded);
    text += `${index > 0 ? ' ' : ''}${item.label} `;
    if (typeof value === 'string') text += value;
    else {
      parts.push(Buffer.from(text, 'utf8'), value);
      text = '';
    }
  });
  parts.push(Buffer.from(`${text})\r\n`, 'utf8'));
  return Buffer.concat(parts);
}

function itemValue(item: FetchItem, message: StoredMessage, loaded: LoadedMessage): string | Buffer {
  switch (item.name) {
    case 'UID':
      return String(message.uid);
    case 'FLAGS':
      return `(${message.flags.join(' ')})`;
    case 'INTERNALDATE':
      return dateTime(message.internalMs);
    case 'RFC822.SIZE':
      return String(message.content.size);
    case 'MODSEQ':
      return `(${message.modseq})`;
    case 'ENVELOPE':
      return envelope(parseFields(splitHeader(loaded.bytes).header));
    case 'BODY':
      return bodyStructure(loaded.mime, false);
    case 'BODYSTRUCTURE':
      return bodyStructure(loaded.mime, true);
    case 'SECTION':
      return sectionValue(item, loaded);
  }
}

function sectionValue({ section, partial }: FetchItem, loaded: LoadedMessage): string | Buffer {
  if (!section) return 'NIL';
  const whole = section.path.length === 0 && section.part === 'ALL';
  const bytes = whole ? loaded.bytes : sectionBytes(loaded.mime, loaded.bytes, section);
  if (!bytes) return 'NIL';
  return literal(partial ? bytes.subarray(partial.offset, partial.offset + partial.count) : bytes);
}
