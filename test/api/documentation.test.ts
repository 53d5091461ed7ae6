import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { CALLS } from '../../api/calls.ts';
import { openApiDocument } from '../../api/openapi.ts';

/** As far as JSON Schema is looked at here. */
interface Schema {
  $ref?: string;
  description?: string;
  examples?: unknown[];
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}

interface Operation {
  summary: string;
  description: string;
  parameters?: { name: string; description?: string; schema: Schema }[];
  requestBody?: Body;
  responses: Record<string, Body & { description?: string }>;
}

interface Body {
  content?: Record<string, { schema: Schema }>;
}

const document = openApiDocument(
  [...CALLS.health, ...CALLS.push, ...CALLS.mail, ...CALLS.all],
  'https://mooring.example',
);
const schemas = (document.components?.schemas ?? {}) as Record<string, Schema>;
const operations = Object.entries(document.paths ?? {}).flatMap(([path, methods]) =>
  Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({
    name: `${method} ${path}`,
    operation,
  })),
);

/** Of a component, made from what a client reads. */
function validator(name: string): z.ZodType {
  const text = JSON.stringify(schemas).replaceAll('#/components/schemas/', '#/$defs/');
  return z.fromJSONSchema({
    $ref: `#/$defs/${name}`,
    $defs: JSON.parse(text) as Record<string, z.core.JSONSchema.JSONSchema>,
  });
}

/** By itself, by what it refers to, or by its one meaning beside null. */
function isDescribed(schema: Schema): boolean {
  if (schema.description !== undefined) return true;
  if (schema.$ref !== undefined) {
    const id = schema.$ref.split('/').at(-1) ?? '';
    return schemas[id] !== undefined && (isDescribed(schemas[id]) || schemas[id].properties !== undefined);
  }
  return (schema.allOf ?? schema.anyOf ?? schema.oneOf ?? []).some(isDescribed);
}

/** The paths of fields without a description. */
function undescribed(schema: Schema, path: string): string[] {
  const below = [schema.items, ...(schema.anyOf ?? []), ...(schema.oneOf ?? []), ...(schema.allOf ?? [])];
  return [
    ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
      ...(isDescribed(field) ? [] : [`${path}.${name}`]),
      ...undescribed(field, `${path}.${name}`),
    ]),
    ...below.flatMap((part) => (part === undefined ? [] : undescribed(part, path))),
  ];
}

const bodiesOf = ({ operation, name }: (typeof operations)[number]) =>
  [operation.requestBody, ...Object.values(operation.responses)].flatMap((body) =>
    Object.values(body?.content ?? {}).map(({ schema }) => ({ schema, name })),
  );

describe('the OpenAPI document', () => {
  test('describes every field that is sent or answered', () => {
    const bodies = operations.flatMap(bodiesOf).flatMap(({ schema, name }) => undescribed(schema, name));
    const named = Object.entries(schemas).flatMap(([name, schema]) => undescribed(schema, name));
    expect([...new Set([...named, ...bodies])]).toEqual([]);
  });

  test('describes every parameter and every answer', () => {
    const parameters = operations.flatMap(({ name, operation }) =>
      (operation.parameters ?? [])
        .filter(({ description, schema }) => description === undefined && !isDescribed(schema))
        .map((parameter) => `${name}: ${parameter.name}`),
    );
    const answers = operations.flatMap(({ name, operation }) =>
      Object.entries(operation.responses)
        .filter(([, { description }]) => !description)
        .map(([status]) => `${name}: ${status}`),
    );
    expect([...parameters, ...answers]).toEqual([]);
  });

  test('says of every operation what its summary leaves out, and which scope it needs', () => {
    for (const { name, operation } of operations) {
      const [said = '', rights] = operation.description.split('\n\n');
      expect(said, name).toMatch(/^[A-Z`].{20,}\.$/s);
      expect(said, name).not.toContain(operation.summary);
      expect(rights, name).toMatch(/^(Takes no API key|Needs an API key with the scope `[a-z]+.*`)\.$/);
    }
  });

  test('has an example of every component', () => {
    expect(Object.keys(schemas).filter((name) => schemas[name]?.examples?.length !== 1)).toEqual([]);
  });

  // Bodies of requests are held against the schemas that validate, in `openapi.test.ts`.
  test.each(Object.keys(schemas).filter((name) => !name.endsWith('Request')))(
    'has an example of %s that its schema admits',
    (name) => {
      const examples = schemas[name]?.examples ?? [];
      const { error } = validator(name).safeParse(examples[0]);
      expect(error?.issues ?? []).toEqual([]);
    },
  );

  test('says in the imperative what each call does', () => {
    const VERBS =
      /^(Acknowledge|Add|Adopt|Change|Check|Complete|Disconnect|End|Erase|Exchange|Import|List|Mail|Make|Pause|Read|Receive|Refresh|Release|Remove|Repeat|Report|Resume|Retry|Revoke|Send|Set|Sign in|Start|Stream|Tell|Verify) /;
    expect(operations.map(({ operation }) => operation.summary).filter((summary) => !VERBS.test(summary))).toEqual([]);
  });
});
