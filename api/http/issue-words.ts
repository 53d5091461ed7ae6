import type { z } from 'zod';
import type { FieldError } from './problem.ts';

/**
 * What a value must be, in words that a form can show as they are; Zod's own speak of types and operators. A schema's own
 * words go before these. The value itself is never repeated: it may be a password.
 */
export function issueWords(issue: z.core.$ZodRawIssue): string {
  if (issue.code !== 'unrecognized_keys' && isMissing(issue)) return 'must be given';
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${TYPES[issue.expected] ?? 'of another kind'}`;
    case 'too_small':
      return atLeast(issue);
    case 'too_big':
      return `must be at most ${issue.maximum}${unitOf(issue.origin)}`;
    case 'invalid_value':
      return `must be ${issue.values.map((value) => JSON.stringify(value)).join(' or ')}`;
    case 'invalid_format':
      return FORMATS[issue.format] ?? 'has another form than expected';
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'unrecognized_keys':
    case 'invalid_union':
    case 'invalid_key':
    case 'invalid_element':
    case 'custom':
      return 'is not as expected';
  }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

const FORMATS: Readonly<Record<string, string>> = {
  url: 'must be an address that begins with https: or http:',
  email: 'must be an email address',
  datetime: 'must be an ISO 8601 time',
};

const isMissing = (issue: z.core.$ZodRawIssue): boolean => issue.input === undefined && issue.code !== 'custom';

function atLeast({ minimum, origin }: Pick<z.core.$ZodIssueTooSmall, 'minimum' | 'origin'>): string {
  const unit = unitOf(origin);
  return minimum === 1 && unit !== '' ? 'must not be empty' : `must be at least ${minimum}${unit}`;
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters long';
  return origin === 'array' || origin === 'set' ? ' entries' : '';
}

/** What is wrong, once for each field: the first thing. Unknown fields are refused by name, one error each. */
export function fieldErrors(part: FieldError['in'], issues: readonly z.core.$ZodIssue[]): FieldError[] {
  const errors = issues.flatMap((issue) => wrongIn(issue, []));
  return [...Map.groupBy(errors, ({ path }) => path)].flatMap(([, [first]]) => (first ? [{ in: part, ...first }] : []));
}

/** Of several shapes the one that fits best tells what is wrong. */
function wrongIn(issue: z.core.$ZodIssue, above: string[]): Omit<FieldError, 'in'>[] {
  const path = [...above, ...issue.path.map(String)];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key].join('.'), message: 'is not a known field' }));
  }
  const shapes = issue.code === 'invalid_union' ? issue.errors : [];
  const [nearest = []] = shapes.toSorted((one, other) => cost(one) - cost(other));
  if (nearest.length === 0) return [{ path: path.join('.'), message: issue.message }];
  return nearest.flatMap((one) => wrongIn(one, path));
}

/** A field too much tells of another shape, one that is missing or wrong may as well be an error in this one. */
const cost = (issues: readonly z.core.$ZodIssue[]): number =>
  issues.reduce((sum, issue) => sum + (issue.code === 'unrecognized_keys' ? 2 * issue.keys.length : 1), 0);
