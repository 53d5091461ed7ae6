import { isObject } from '../answers/text.ts';

/* Texts with `${name}` in them. */

const PLACE = /\$\{([\w.-]+)\}/g;

/** The names that a text asks for. */
export const namesIn = (template: string): string[] => [...template.matchAll(PLACE)].map(([, name = '']) => name);

/** The text with the same in place of each name. */
export const withoutNames = (template: string, instead: string): string => template.replaceAll(PLACE, () => instead);

/** The text with its names filled in; null where one has no value. */
export function filled(template: string, valueOf: (name: string) => string | null): string | null {
  let isWhole = true;
  const text = template.replaceAll(PLACE, (_, name: string) => {
    const value = valueOf(name);
    isWhole &&= value !== null;
    return value ?? '';
  });
  return isWhole ? text : null;
}

/** Longer is no id and no address, and would be shown on every page. */
const LONGEST_VALUE = 500;

/** A number that would lose digits is the text of them: two long ids would be one. */
const exact = (_: string, value: unknown, { source = '' }: { source?: string } = {}) =>
  typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(source) ? source : value;

/** The JSON of a text, with long numbers as their digits; null for what is no JSON. */
export function parseExactly(text: string): unknown {
  try {
    return JSON.parse(text, exact) as unknown;
  } catch {
    return null;
  }
}

/** The value at a path such as `data.email` or `users.0.id`, as text of one line; null where there is none. */
export function textAt(json: unknown, path: string): string | null {
  const value = path.split('.').reduce<unknown>((at, key) => ownValue(at, key), json);
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'string' && value.length <= LONGEST_VALUE && /^\P{Cc}+$/u.test(value) ? value : null;
}

function ownValue(at: unknown, key: string): unknown {
  const isHolder = isObject(at) || Array.isArray(at);
  return isHolder && Object.hasOwn(at, key) ? (at as Record<string, unknown>)[key] : undefined;
}

/** What the first of several ways leads to: each is a path, or a text with paths in it. */
export function firstOf(json: unknown, ways: string | readonly string[]): string | null {
  for (const way of [ways].flat()) {
    const found = namesIn(way).length > 0 ? filled(way, (path) => textAt(json, path)) : textAt(json, way);
    if (found !== null) return found;
  }
  return null;
}
