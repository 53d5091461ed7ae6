import { LineCounter, isAlias, isScalar, parseDocument, visit } from 'yaml';
import type { Document, Range } from 'yaml';
import { providerFile } from './contradictions.ts';
import type { ProviderFile } from './file-format.ts';
import { offsetOf, placesOf } from './places.ts';
import type { Fault } from './places.ts';

/** What is wrong with a file, one line each: `path:line:column: field: expected …`. No value of the file is repeated. */
type ReadFile = { file: ProviderFile; problems: [] } | { file: null; problems: [string, ...string[]] };

/** Many times the longest file that ships. */
const LONGEST_FILE = 64 * 1024;

/**
 * Reads a file of a provider. A person may have put a secret into the wrong place, so messages hold names of fields alone.
 * @param path as messages name the file
 * @param expectedName what the file is called, without its ending
 */
export function readProviderFile(path: string, text: string, expectedName: string): ReadFile {
  if (text.length > LONGEST_FILE) return refused(`${path}:1:1: expected ${LONGEST_FILE} characters at most`);
  const lines = new LineCounter();
  let read: Faults;
  try {
    read = faultsIn(parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true }), expectedName);
  } catch {
    // Brackets by the thousand exhaust the parser's stack.
    return refused(`${path}:1:1: expected YAML of a few levels`);
  }
  if (read.file) return { file: read.file, problems: [] };
  const said = read.faults
    .toSorted((one, other) => one.offset - other.offset)
    .map(({ offset, field, message }) => {
      const { line, col } = lines.linePos(offset);
      // An empty file has no line.
      return `${path}:${line || 1}:${col || 1}: ${field}${message}`;
    });
  return refused(...said);
}

const refused = (...[first = 'expected a file of a provider', ...more]: string[]): ReadFile => ({
  file: null,
  problems: [first, ...more],
});

type Faults = { file: ProviderFile; faults: [] } | { file: null; faults: Fault[] };

function faultsIn(document: Document, expectedName: string): Faults {
  const ofYaml = [
    ...[...document.errors, ...document.warnings].map(({ pos, code }) => faultOfYaml(pos[0], code)),
    ...strangeNodesOf(document),
  ];
  if (ofYaml.length > 0) return { file: null, faults: ofYaml };
  const parsed = providerFile.safeParse(document.toJS());
  if (!parsed.success) {
    return { file: null, faults: parsed.error.issues.flatMap((issue) => placesOf(providerFile, document, issue)) };
  }
  if (parsed.data.name === expectedName) return { file: parsed.data, faults: [] };
  const fault = { offset: offsetOf(document, ['name']), field: 'name: ' };
  return { file: null, faults: [{ ...fault, message: `expected ${expectedName}, as the file is called` }] };
}

/**
 * Values that stand for another place, which let a few lines grow to gigabytes, and keys that are no names, which the parser
 * would print in a warning.
 */
function strangeNodesOf(document: Document): Fault[] {
  const found: Fault[] = [];
  const add = (node: { range?: Range | null }, message: string) =>
    found.push({ offset: node.range?.[0] ?? 0, field: '', message });
  visit(document, {
    Node(key, node) {
      if (isAlias(node) || ('anchor' in node && node.anchor)) add(node, 'expected no anchors and aliases');
      else if (key === 'key' && !isScalar(node)) add(node, 'expected the name of a field');
    },
  });
  return found;
}

const EXPECTED: Record<string, string> = {
  DUPLICATE_KEY: 'expected each field once',
  TAB_AS_INDENT: 'expected spaces in place of the tab',
  MULTIPLE_DOCS: 'expected one document',
};
const faultOfYaml = (offset: number, code: string): Fault => ({
  offset,
  field: '',
  message: EXPECTED[code] ?? `expected YAML (${code.toLowerCase().replaceAll('_', ' ')})`,
});
