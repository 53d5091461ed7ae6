import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { definitionOf } from '../../../providers/custom/definition.ts';
import { fields } from '../../../providers/custom/file-format.ts';
import { unwrapped } from '../../../providers/custom/places.ts';
import { readProviderFile } from '../../../providers/custom/read-file.ts';

/* docs/providers-by-file.md against the format that it describes. */

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/providers-by-file.md'), 'utf8');

/** Every field of the format, as the document names them: `servers.*.from`, `errors.verdict`. */
function fieldsIn(schema: z.ZodType, path: string): string[] {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodObject) {
    return Object.entries(inner.shape as Record<string, z.ZodType>).flatMap(([name, field]) =>
      fieldsIn(field, path === '' ? name : `${path}.${name}`),
    );
  }
  if (inner instanceof z.ZodArray && unwrapped(inner.element as z.ZodType) instanceof z.ZodObject) {
    return fieldsIn(inner.element as z.ZodType, path);
  }
  if (inner instanceof z.ZodRecord && unwrapped(inner.valueType as z.ZodType) instanceof z.ZodObject) {
    return [path, ...fieldsIn(inner.valueType as z.ZodType, `${path}.*`)];
  }
  return [path];
}

/** The fields of the table. A row with `…` has fields of those that the last row without it names. */
function documentedFields(): string[] {
  const rows = [...PAGE.matchAll(/^\| (… )?(`[^|]*`) +\|/gm)].map(([, isInner, cell = '']) => ({
    isInner: isInner !== undefined,
    names: [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name),
  }));
  let parents: string[] = [];
  return rows.flatMap(({ isInner, names }, at) => {
    if (isInner) return parents.flatMap((parent) => names.map((name) => `${parent}.${name}`));
    const isParent = rows[at + 1]?.isInner === true;
    if (isParent) parents = names;
    return isParent ? [] : names;
  });
}

/** The example, as a person writes it into a file: without the indentation of the list. */
const example = (/```yaml\n([\s\S]*?)\n *```/.exec(PAGE)?.[1] ?? '').replaceAll(/^ {3}/gm, '');

describe('the documentation of files', () => {
  test('has every field of the format, and no other', () => {
    expect(documentedFields().toSorted()).toEqual(fieldsIn(fields, '').toSorted());
  });

  test('names the variables that the file of its example has', () => {
    const { file } = readProviderFile('acme-desk.yaml', example, 'acme-desk');
    const known = ['MOORING_PROVIDERS_DIR', ...Object.keys(definitionOf(file ?? (undefined as never)).variables)];
    const shell = /```sh\n([\s\S]*?)\n *```/.exec(PAGE)?.[1] ?? '';
    const named = [...shell.matchAll(/\b[A-Z]+(?:_[A-Z]+)+\b/g)].map(([name]) => name);
    expect(named).toContain('ACME_DESK_CLIENT_ID');
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  test('shows a file that is right, and the fault of a wrong one as a start tells it', () => {
    expect(readProviderFile('acme-desk.yaml', example, 'acme-desk').problems).toEqual([]);
    const [, shown = ''] = /^(\/etc\/mooring\/providers\/acme-desk\.yaml:.*), …$/m.exec(PAGE) ?? [];
    const path = shown.slice(0, shown.indexOf(':'));
    const wrong = example.replace('url: ${login}/oauth/authorize', 'ulr: x');
    const { problems } = readProviderFile(path, wrong, 'acme-desk');
    expect(shown).not.toBe('');
    expect(
      problems.some((problem) => problem.startsWith(`${shown}, `)),
      problems.join('\n'),
    ).toBe(true);
  });
});
