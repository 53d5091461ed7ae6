import { BY_COMPONENT, BY_FIELD, NOW, PREFIXES, idWith } from './sample-values.ts';

/** As far as an example is made from JSON Schema. */
interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  pattern?: string;
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  minimum?: number;
  examples?: unknown[];
  example?: unknown;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
}

/**
 * Gives every component an example. `given` has those that are written by hand or belong to a call; the rest is made from
 * the schemas, by the names of their fields, so that a new schema has one from the start.
 */
export function addExamples(schemas: Record<string, Schema>, given: ReadonlyMap<string, unknown>): void {
  const maker = new ExampleMaker(schemas, given);
  for (const name of Object.keys(schemas)) maker.ofComponent(name);
}

class ExampleMaker {
  readonly #schemas: Record<string, Schema>;
  readonly #given: ReadonlyMap<string, unknown>;

  constructor(schemas: Record<string, Schema>, given: ReadonlyMap<string, unknown>) {
    this.#schemas = schemas;
    this.#given = given;
  }

  ofComponent(component: string): unknown {
    const schema = this.#schemas[component];
    if (!schema) throw new Error(`No component has the name ${component}`);
    schema.examples ??= [this.#given.get(component) ?? this.#merged(schema, component)];
    return schema.examples[0];
  }

  #merged(schema: Schema, component: string): unknown {
    const made = this.#of(schema, { component, field: '' });
    return isObject(made) ? without({ ...made, ...BY_COMPONENT[component] }) : made;
  }

  #of(schema: Schema, at: { component: string; field: string }): unknown {
    if (schema.$ref !== undefined) return this.#ofReference(schema.$ref, at.field);
    const [first] = schema.examples ?? [schema.example ?? schema.const];
    if (first !== undefined) return first;
    const parts = schema.anyOf ?? schema.oneOf ?? schema.allOf;
    if (parts) return this.#of(parts.find(({ type }) => type !== 'null') ?? {}, at);
    if (schema.properties) return this.#ofObject(schema, at.component);
    if (at.field in BY_FIELD && fits(schema, BY_FIELD[at.field])) return BY_FIELD[at.field];
    if (schema.enum) return schema.enum.find((value) => value !== null);
    if (schema.items) return [this.#of(schema.items, at)];
    return plain(schema, at);
  }

  /** A time may have a better one by its name. */
  #ofReference(reference: string, field: string): unknown {
    const component = reference.split('/').at(-1) ?? '';
    if (component === 'Time' && field in BY_FIELD) return BY_FIELD[field];
    return this.ofComponent(component);
  }

  #ofObject({ properties = {}, required = [] }: Schema, component: string): object {
    const fields = Object.entries(properties).filter(([name]) => required.includes(name));
    return Object.fromEntries(fields.map(([field, schema]) => [field, this.#of(schema, { component, field })]));
  }
}

function plain(schema: Schema, { component, field }: { component: string; field: string }): unknown {
  if (schema.default !== undefined) return schema.default;
  const [type = 'null'] = typesOf(schema);
  switch (type) {
    case 'string':
      if (schema.format === 'date-time') return NOW;
      if (schema.format === 'uri') return 'https://example.com/';
      if (field === 'id') return idWith(PREFIXES[component] ?? 'id');
      return schema.pattern?.startsWith('^[a-z]') ? 'gmail' : field.replaceAll('_', ' ');
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 1, 1);
    case 'boolean':
      return false;
    case 'object':
      return {};
    default:
      return null;
  }
}

const typesOf = ({ type = [] }: Schema) => [type].flat().filter((one) => one !== 'null');

function fits(schema: Schema, value: unknown): boolean {
  if (value === null || schema.enum) return schema.enum ? schema.enum.includes(value) : true;
  const type = Array.isArray(value) ? 'array' : typeof value;
  return typesOf(schema).some((one) => one === type || (one === 'integer' && type === 'number'));
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `undefined` in the table takes a field away. */
const without = (fields: object) =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
