import { isMap, isNode, isScalar } from 'yaml';
import type { Document } from 'yaml';
import { z } from 'zod';

/** A fault of a file: where it is, and what was expected there. */
export interface Fault {
  offset: number;
  /** As `token.url: `; '' for the file itself. */
  field: string;
  message: string;
}

/** The places of one issue: an unknown field has one each. */
export function placesOf(schema: z.ZodType, document: Document, issue: z.core.$ZodIssue): Fault[] {
  const { path, code } = issue;
  if (code === 'unrecognized_keys') {
    const known = fieldsOf(schemaAt(schema, path)).join(', ');
    return issue.keys.map((key) => faultAt(document, [...path, key], `expected one of ${known}`));
  }
  if (code === 'invalid_key') return [faultAt(document, path, expectedBy(issue.issues[0] ?? issue))];
  if (code === 'invalid_union') {
    const meant = branchOf(issue.errors);
    if (meant) return meant.flatMap((one) => placesOf(schema, document, { ...one, path: [...path, ...one.path] }));
  }
  const isMissing = path.length > 0 && !document.hasIn(path);
  return [faultAt(document, path, isMissing ? `missing; ${expectedBy(issue)}` : expectedBy(issue))];
}

/** The one way of several that the value is of, though wrong; null where it is of none. */
function branchOf(ways: z.core.$ZodIssue[][]): z.core.$ZodIssue[] | null {
  const fitting = ways.filter(
    (issues) => !issues.some(({ path, code }) => path.length === 0 && code === 'invalid_type'),
  );
  return fitting.length === 1 ? (fitting[0] ?? null) : null;
}

const expectedBy = ({ message }: { message: string }) =>
  message.startsWith('expected') ? message : 'expected another value';

const faultAt = (document: Document, path: PropertyKey[], message: string): Fault => ({
  offset: offsetOf(document, path),
  field: path.length === 0 ? '' : `${path.map(nameOf).join('.')}: `,
  message,
});

/** A person may have put a secret where a name belongs. */
const nameOf = (key: PropertyKey) => (/^[\w.-]{1,40}$/.test(String(key)) ? String(key) : '…');

/** Where the field stands, its name included; of a missing one, what it is missing from. */
export function offsetOf(document: Document, path: PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      if (pair && isNode(pair.key)) return pair.key.range?.[0] ?? 0;
    }
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return node.range?.[0] ?? 0;
  }
  return isNode(document.contents) ? (document.contents.range?.[0] ?? 0) : 0;
}

function schemaAt(schema: z.ZodType, path: PropertyKey[]): z.ZodType {
  const found = path.reduce<z.ZodType>((at, key) => {
    const inner = unwrapped(at);
    if (inner instanceof z.ZodObject) return (inner.shape as Record<PropertyKey, z.ZodType>)[key] ?? inner;
    if (inner instanceof z.ZodArray) return inner.element as z.ZodType;
    return inner instanceof z.ZodRecord ? (inner.valueType as z.ZodType) : inner;
  }, schema);
  return unwrapped(found);
}

/** The schema within its wrappers; of a choice, its object. */
export function unwrapped(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault) {
    return unwrapped(schema.unwrap() as z.ZodType);
  }
  if (!(schema instanceof z.ZodUnion)) return schema;
  return (schema.options as z.ZodType[]).map(unwrapped).find((one) => one instanceof z.ZodObject) ?? schema;
}

/** The fields of an object. */
const fieldsOf = (schema: z.ZodType): string[] => {
  const inner = unwrapped(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
};
