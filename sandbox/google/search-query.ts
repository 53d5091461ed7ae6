import type { MessageRow } from './rows.ts';

type MessageTest = (message: MessageRow) => boolean;

export interface SearchQuery {
  readonly matches: MessageTest;
  /** Labels asked for by `in:`, which brings back spam and trash. */
  readonly folders: readonly string[];
}

/** A word of `q` that the sandbox does not play. */
export class UnknownSearchWord extends Error {}

/**
 * Days of `after:2026/05/01` begin at midnight in California.
 * https://developers.google.com/workspace/gmail/api/guides/filtering
 */
const PACIFIC_STANDARD_TIME = '-08:00';

/**
 * The `q` of messages.list: after, before (Unix seconds, or a date), newer, older, in, label, is, from, to, subject,
 * rfc822msgid, each also with a minus, all of which must hold; other words are looked for in the subject.
 * @param labelId the id of a label named by a person; undefined when there is none
 * @throws UnknownSearchWord
 */
export function parseQuery(q: string, labelId: (name: string) => string | undefined): SearchQuery {
  const folders: string[] = [];
  const tests = (q.match(/-?\w+:"[^"]*"|"[^"]*"|\S+/g) ?? []).map((word): MessageTest => {
    const negated = word.startsWith('-');
    const [, name, value] = /^-?(\w+):"?([^"]*)"?$/.exec(word) ?? [];
    const test = name === undefined ? hasWord(word) : operator(name.toLowerCase(), value ?? '', labelId);
    if (!negated && name?.toLowerCase() === 'in') folders.push((value ?? '').toLowerCase());
    return negated ? (message) => !test(message) : test;
  });
  return { matches: (message) => tests.every((test) => test(message)), folders };
}

function operator(name: string, value: string, labelId: (name: string) => string | undefined): MessageTest {
  const contains = (text: string): boolean => text.toLowerCase().includes(value.toLowerCase());
  switch (name) {
    case 'after':
    case 'newer': {
      const from = instant(value);
      return (message) => message.spec.date >= from;
    }
    case 'before':
    case 'older': {
      const to = instant(value);
      return (message) => message.spec.date < to;
    }
    case 'in':
    case 'label':
    case 'is': {
      if (value.toLowerCase() === 'anywhere') return () => true;
      const id = labelId(value);
      return (message) => id !== undefined && message.label_ids.includes(id);
    }
    case 'from':
      return (message) => contains(message.spec.from);
    case 'to':
      return (message) => contains(message.spec.to);
    case 'subject':
      return (message) => contains(message.spec.subject);
    case 'rfc822msgid':
      return (message) => message.spec.message_id.replace(/[<>]/g, '') === value.replace(/[<>]/g, '');
    default:
      throw new UnknownSearchWord(`the sandbox does not know the search operator "${name}:"`);
  }
}

function hasWord(word: string): MessageTest {
  const text = word.replace(/^-/, '').replaceAll('"', '').toLowerCase();
  return (message) => message.spec.subject.toLowerCase().includes(text);
}

/** ISO 8601, as messages have their date. */
function instant(value: string): string {
  if (/^\d{5,11}$/.test(value)) return new Date(Number(value) * 1000).toISOString();
  const [, year, month, day] = /^(\d{4})[/-](\d{1,2})[/-](\d{1,2})$/.exec(value) ?? [];
  if (year === undefined || month === undefined || day === undefined) {
    throw new UnknownSearchWord(`"${value}" is neither Unix seconds nor a date like 2026/05/01`);
  }
  return new Date(
    `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}T00:00:00${PACIFIC_STANDARD_TIME}`,
  ).toISOString();
}
