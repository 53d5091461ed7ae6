import type { StoredMessage } from './mailbox.ts';
import { unfold } from '../wire/mime.ts';
import type { CommandParser } from '../wire/parser.ts';
import { BadCommand } from '../wire/reply.ts';
import { inRanges, resolveSequenceSet } from '../wire/sequence-set.ts';

/** What a search key is asked about; `sequence` is the message's number in the session's view. */
interface SearchCandidate {
  message: StoredMessage;
  sequence: number;
}

/** What `*` means: the largest numbers in use. */
export interface SearchScope {
  largestUid: number;
  largestSequence: number;
}

type SearchKey = (candidate: SearchCandidate) => boolean;

export interface SearchProgram {
  matches: SearchKey;
  /** A MODSEQ key was there: the answer names the highest one (RFC 7162 section 3.1.5). */
  usesModseq: boolean;
}

const dayMs = 86_400_000;

/** Compiles the keys of RFC 3501 section 6.4.4 up to the end of the command; all of them must match. */
export function parseSearch(parser: CommandParser, scope: SearchScope): SearchProgram {
  const compiler = new SearchCompiler(parser, scope);
  const keys = [compiler.key()];
  while (!parser.atEnd()) {
    parser.space();
    keys.push(compiler.key());
  }
  return { matches: every(keys), usesModseq: compiler.usesModseq };
}

function every(keys: SearchKey[]): SearchKey {
  return (candidate) => keys.every((key) => key(candidate));
}

const flagKeys: Record<string, string> = {
  ANSWERED: '\\Answered',
  DELETED: '\\Deleted',
  DRAFT: '\\Draft',
  FLAGGED: '\\Flagged',
  SEEN: '\\Seen',
};
const headerKeys = new Set(['BCC', 'CC', 'FROM', 'SUBJECT', 'TO']);
const internalDateKeys = new Set(['BEFORE', 'ON', 'SINCE']);
const sentDateKeys = new Set(['SENTBEFORE', 'SENTON', 'SENTSINCE']);

class SearchCompiler {
  usesModseq = false;
  readonly #parser: CommandParser;
  readonly #scope: SearchScope;
  #depth = 0;

  constructor(parser: CommandParser, scope: SearchScope) {
    this.#parser = parser;
    this.#scope = scope;
  }

  key(): SearchKey {
    if (++this.#depth > 100) throw new BadCommand('Too deep search');
    const key = this.#key();
    this.#depth--;
    return key;
  }

  #key(): SearchKey {
    const parser = this.#parser;
    if (parser.peek() === '(') return every(parser.list(() => this.key()));
    if (/[\d*]/.test(parser.peek())) {
      const within = this.#numbers(this.#scope.largestSequence);
      return ({ sequence }) => within(sequence);
    }
    const name = parser.keyword();
    return this.#flagKey(name) ?? this.#dateKey(name) ?? this.#textKey(name) ?? this.#otherKey(name);
  }

  #flagKey(name: string): SearchKey | null {
    const positive = flagKeys[name];
    if (positive) return ({ message }) => message.flags.includes(positive);
    const negative = name.startsWith('UN') ? flagKeys[name.slice(2)] : undefined;
    if (negative) return ({ message }) => !message.flags.includes(negative);
    if (name !== 'KEYWORD' && name !== 'UNKEYWORD') return null;
    const keyword = this.#argument(() => this.#parser.flag()).toLowerCase();
    const present = name === 'KEYWORD';
    return ({ message }) => message.flags.some((flag) => flag.toLowerCase() === keyword) === present;
  }

  #dateKey(name: string): SearchKey | null {
    if (!internalDateKeys.has(name) && !sentDateKeys.has(name)) return null;
    const from = this.#argument(() => this.#parser.date());
    const sent = sentDateKeys.has(name);
    const relation = name.replace('SENT', '');
    const compare = (atMs: number): boolean => {
      if (relation === 'BEFORE') return atMs < from;
      return atMs >= from && (relation === 'SINCE' || atMs < from + dayMs);
    };
    if (!sent) return ({ message }) => compare(message.internalMs);
    return ({ message }) => message.content.sentMs !== null && compare(message.content.sentMs);
  }

  #textKey(name: string): SearchKey | null {
    const parser = this.#parser;
    if (name === 'HEADER') {
      const field = this.#argument(() => parser.astring());
      return headerKey(
        field,
        this.#argument(() => parser.astring()),
      );
    }
    if (headerKeys.has(name))
      return headerKey(
        name,
        this.#argument(() => parser.astring()),
      );
    if (name !== 'BODY' && name !== 'TEXT') return null;
    const text = this.#argument(() => parser.astring()).toLowerCase();
    return ({ message }) => {
      const whole = message.content.bytes().toString('utf8').toLowerCase();
      return (name === 'TEXT' ? whole : whole.slice(whole.search(/\r?\n\r?\n/))).includes(text);
    };
  }

  #otherKey(name: string): SearchKey {
    switch (name) {
      case 'ALL':
      case 'OLD': // no message of ours is ever \Recent
        return () => true;
      case 'NEW':
      case 'RECENT':
        return () => false;
      case 'NOT': {
        const inner = this.#argument(() => this.key());
        return (candidate) => !inner(candidate);
      }
      case 'OR': {
        const left = this.#argument(() => this.key());
        const right = this.#argument(() => this.key());
        return (candidate) => left(candidate) || right(candidate);
      }
      case 'UID': {
        const within = this.#argument(() => this.#numbers(this.#scope.largestUid));
        return ({ message }) => within(message.uid);
      }
      default:
        return this.#numberKey(name);
    }
  }

  #numberKey(name: string): SearchKey {
    if (name === 'MODSEQ') {
      this.usesModseq = true;
      const from = this.#argument(() => this.#modseq());
      return ({ message }) => message.modseq >= from;
    }
    if (name !== 'LARGER' && name !== 'SMALLER') throw new BadCommand(`Unknown argument ${name}`);
    const limit = this.#argument(() => this.#parser.number());
    return ({ message }) => (name === 'LARGER' ? message.content.size > limit : message.content.size < limit);
  }

  /** `MODSEQ ["/flags/…" all] number`; the entry's name changes nothing here. */
  #modseq(): number {
    if (this.#parser.peek() === '"') {
      this.#parser.string();
      this.#argument(() => this.#parser.keyword());
      this.#parser.space();
    }
    return this.#parser.number();
  }

  #numbers(largest: number): (number: number) => boolean {
    const ranges = resolveSequenceSet(this.#parser.sequenceSet(), largest);
    return (number) => inRanges(ranges, number);
  }

  #argument<T>(read: () => T): T {
    this.#parser.space();
    return read();
  }
}

/** A header contains the text, in any case; any value at all for an empty text. */
function headerKey(name: string, text: string): SearchKey {
  const field = name.toLowerCase();
  const wanted = text.toLowerCase();
  if (field === 'message-id') {
    return ({ message }) => message.content.messageId?.toLowerCase().includes(wanted) ?? false;
  }
  return ({ message }) =>
    message.content
      .fields()
      .some(
        (candidate) =>
          candidate.name.toLowerCase() === field && decodeWords(unfold(candidate)).toLowerCase().includes(wanted),
      );
}

/** Encoded words (RFC 2047) as text: searching looks at what people read. */
function decodeWords(latin1: string): string {
  const utf8 = Buffer.from(latin1, 'latin1')
    .toString('utf8')
    .replace(/\?=\s+=\?/g, '?==?');
  return utf8.replace(/=\?([^?]+)\?([bq])\?([^?]*)\?=/gi, (word, charset: string, encoding: string, text: string) => {
    const quoted = text
      .replaceAll('_', ' ')
      .replace(/=([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
    const bytes = Buffer.from(
      encoding.toLowerCase() === 'b' ? Buffer.from(text, 'base64') : Buffer.from(quoted, 'latin1'),
    );
    try {
      return new TextDecoder(charset.split('*')[0]).decode(bytes);
    } catch {
      return word;
    }
  });
}
