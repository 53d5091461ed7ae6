import type { MessageRow } from '../rows.ts';

type MessageTest = (message: MessageRow) => boolean;

export interface MessageFilter {
  readonly matches: MessageTest;
  /** The properties it names, in order. */
  readonly properties: readonly string[];
}

/**
 * The `$filter` of a listing of messages, as far as mail clients use it: receivedDateTime by `ge gt le lt eq`,
 * internetMessageId and isDraft by `eq`, joined by `and`. Undefined where it is anything else.
 */
export function parseFilter(text: string, isDraft: MessageTest): MessageFilter | undefined {
  const properties: string[] = [];
  const tests: MessageTest[] = [];
  for (const clause of text.split(/\s+and\s+/i)) {
    const [, property = '', operator = '', value = ''] = /^\(?\s*(\w+)\s+(\w+)\s+(.+?)\s*\)?$/.exec(clause) ?? [];
    const test = clauseTest(property, operator.toLowerCase(), value, isDraft);
    if (!test) return undefined;
    properties.push(property);
    tests.push(test);
  }
  return { properties, matches: (message) => tests.every((test) => test(message)) };
}

function clauseTest(property: string, operator: string, value: string, isDraft: MessageTest): MessageTest | undefined {
  if (property === 'receivedDateTime') {
    const compare = COMPARISONS[operator];
    const instant = Date.parse(value);
    if (!compare || Number.isNaN(instant) || !/^\d{4}-\d\d-\d\d/.test(value)) return undefined;
    const iso = new Date(instant).toISOString();
    return ({ spec }) => compare(spec.date, iso);
  }
  if (operator !== 'eq') return undefined;
  if (property === 'internetMessageId') {
    const wanted = /^'(.*)'$/.exec(value)?.[1]?.replaceAll("''", "'");
    return wanted === undefined ? undefined : ({ spec }) => spec.message_id === wanted;
  }
  if (property !== 'isDraft' || !/^(true|false)$/.test(value)) return undefined;
  return (message) => isDraft(message) === (value === 'true');
}

/** Of dates as they are written: ISO 8601 in UTC sorts like time. */
const COMPARISONS: Readonly<Record<string, (date: string, bound: string) => boolean>> = {
  ge: (date, bound) => date >= bound,
  gt: (date, bound) => date > bound,
  le: (date, bound) => date <= bound,
  lt: (date, bound) => date < bound,
  eq: (date, bound) => date === bound,
};
