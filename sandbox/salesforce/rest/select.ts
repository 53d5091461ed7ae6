import { shortId } from '../ids.ts';
import type { FieldValue } from '../rows.ts';
import type { FieldType, SObject } from './objects.ts';
import { OBJECTS } from './objects.ts';
import type { Condition, Literal, Query } from './soql.ts';

/** A field that the object lacks. */
export class NoSuchField extends Error {
  override readonly name = 'NoSuchField';
  readonly field: string;

  constructor(field: string) {
    super(`no field ${field}`);
    this.field = field;
  }
}

/** The records that a query picks, in its order. @throws NoSuchField */
export function select(query: Query, records: readonly SObject[]): SObject[] {
  const fields = OBJECTS[query.object] ?? {};
  const picked = records.filter((record) => query.where === null || holds(query.where, record, fields));
  const ordered = query.order.map(({ field, descending }) => ({ ...fieldNamed(fields, field), descending }));
  picked.sort((a, b) => {
    for (const { name, type, descending } of ordered) {
      const order = compare(comparable(a[name] ?? null, type), comparable(b[name] ?? null, type));
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  });
  return picked.slice(query.offset, query.limit === null ? undefined : query.offset + query.limit);
}

/** Field names are found in any case. @throws NoSuchField */
export function fieldNamed(
  fields: Readonly<Record<string, FieldType>>,
  wanted: string,
): { name: string; type: FieldType } {
  const found = Object.entries(fields).find(([name]) => name.toLowerCase() === wanted.toLowerCase());
  if (found) return { name: found[0], type: found[1] };
  throw new NoSuchField(wanted);
}

function holds(condition: Condition, record: SObject, fields: Readonly<Record<string, FieldType>>): boolean {
  if ('all' in condition) return condition.all.every((part) => holds(part, record, fields));
  if ('any' in condition) return condition.any.some((part) => holds(part, record, fields));
  if ('not' in condition) return !holds(condition.not, record, fields);
  const { name, type } = fieldNamed(fields, condition.field);
  const value = comparable(record[name] ?? null, type);
  const literals = condition.values.map((literal) => literalFor(literal, type));
  const [first = null] = literals;
  switch (condition.operator) {
    case '=':
      return value === first;
    case '!=':
      return value !== first;
    case 'IN':
      return literals.includes(value);
    case 'NOT IN':
      return !literals.includes(value);
    case 'LIKE':
      return isLike(String(value ?? ''), String(first ?? ''));
    case '<':
      return value !== null && compare(value, first) < 0;
    case '<=':
      return value !== null && compare(value, first) <= 0;
    case '>':
      return value !== null && compare(value, first) > 0;
    case '>=':
      return value !== null && compare(value, first) >= 0;
  }
}

function isLike(value: string, pattern: string): boolean {
  const source = pattern
    .replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
    .replaceAll('%', '[\\s\\S]*')
    .replaceAll('_', '[\\s\\S]');
  return new RegExp(`^${source}$`, 'i').test(value);
}

/** Ids are the same in both forms, text in any case. */
function comparable(value: FieldValue, type: FieldType): FieldValue {
  if (value === null) return null;
  if (type === 'datetime') return Date.parse(String(value).replace('+0000', 'Z'));
  if (type === 'id' || type === 'reference') return shortId(String(value));
  return typeof value === 'string' ? value.toLowerCase() : value;
}

function literalFor(literal: Literal, type: FieldType): FieldValue {
  return typeof literal === 'object' && literal !== null ? literal.at : comparable(literal, type);
}

function compare(a: FieldValue, b: FieldValue): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  return a < b ? -1 : 1;
}
