import { LineCounter, isMap, isNode, isScalar, parseDocument } from 'yaml';
import type { Document } from 'yaml';
import { z } from 'zod';
import { providerFile } from './file-format.ts';
import type { ProviderFile } from './file-format.ts';

/** What is wrong with a file, one line each: `path:line:column: field: expected …`. No value of the file is repeated. */
type ReadFile = { file: ProviderFile; problems: [] } | { file: null; problems: [string, ...string[]] };

/**
 * Reads a file of a provider. A person may have put a secret into the wrong place, so messages hold names of fields alone.
 * @param path as messages name the file
 * @param expectedName what the file is called, without its ending
 */
export function readProviderFile(path: string, text: string, expectedName: string): ReadFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const at = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col}`;
  };
  const [wrong, ...more] = document.errors.map(({ pos, code }) => `${at(pos[0])}: ${expectedOfYaml(code)}`);
  if (wrong !== undefined) return { file: null, problems: [wrong, ...more] };
  const parsed = providerFile.safeParse(document.toJS({ maxAliasCount: 10 }));
  if (parsed.success && parsed.data.name === expectedName) return { file: parsed.data, problems: [] };
  if (parsed.success) {
    const place = at(offsetOf(document, ['name']));
    return { file: null, problems: [`${place}: name: expected ${expectedName}, as the file is called`] };
  }
  const [first = `${path}:1:1: expected fields`, ...others] = parsed.error.issues
    .flatMap((issue) => placesOf(document, issue))
    .toSorted((one, other) => one.offset - other.offset)
    .map(({ offset, field, message }) => `${at(offset)}: ${field}${message}`);
  return { file: null, problems: [first, ...others] };
}

const expectedOfYaml = (code: string) =>
  code === 'DUPLICATE_KEY' ? 'expected each field once' : `expected YAML (${code.toLowerCase().replaceAll('_', ' ')})`;

interface Place {
  offset: number;
  /** As `token.url: `; '' for the file itself. */
  field: string;
  message: string;
}

function placesOf(document: Document, issue: z.core.$ZodIssue): Place[] {
  if (issue.code === 'unrecognized_keys') {
    const known = fieldsOf(schemaAt(providerFile, issue.path)).join(', ');
    return issue.keys.map((key) => ({
      offset: offsetOf(document, [...issue.path, key]),
      field: labelOf([...issue.path, key]),
      message: `expected one of ${known}`,
    }));
  }
  const isMissing = issue.path.length > 0 && !document.hasIn(issue.path);
  const message = issue.message.startsWith('expected') ? issue.message : 'expected another value';
  const offset = offsetOf(document, issue.path);
  return [{ offset, field: labelOf(issue.path), message: isMissing ? `missing; ${message}` : message }];
}

const labelOf = (path: PropertyKey[]) => (path.length === 0 ? '' : `${path.join('.')}: `);

/** Where the field stands, its name included; of a missing one, what it is missing from. */
function offsetOf(document: Document, path: PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const parent = document.getIn(path.slice(0, length - 1), true);
    const key = path[length - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((item) => isScalar(item.key) && item.key.value === key);
      if (pair && isNode(pair.key)) return pair.key.range?.[0] ?? 0;
    }
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node)) return node.range?.[0] ?? 0;
  }
  return isNode(document.contents) ? (document.contents.range?.[0] ?? 0) : 0;
}

function schemaAt(schema: z.ZodType, path: PropertyKey[]): z.ZodType {
  return path.reduce<z.ZodType>((at, key) => {
    const inner = unwrapped(at);
    if (inner instanceof z.ZodObject) return (inner.shape as Record<PropertyKey, z.ZodType>)[key] ?? inner;
    if (inner instanceof z.ZodArray) return inner.element as z.ZodType;
    return inner instanceof z.ZodRecord ? (inner.valueType as z.ZodType) : inner;
  }, schema);
}

function unwrapped(schema: z.ZodType): z.ZodType {
  const isWrapped =
    schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return isWrapped ? unwrapped(schema.unwrap() as z.ZodType) : schema;
}

/** The fields of an object. */
export function fieldsOf(schema: z.ZodType): string[] {
  const inner = unwrapped(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}
