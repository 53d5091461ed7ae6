/* Texts with `${name}` in them. */

const PLACE = /\$\{([\w.]+)\}/g;

/** The names that a text asks for. */
export const namesIn = (template: string): string[] => [...template.matchAll(PLACE)].map(([, name = '']) => name);

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

/** The value at a path such as `data.email` or `users.0.id`, as text; null where there is none. */
export function textAt(json: unknown, path: string): string | null {
  const value = path.split('.').reduce<unknown>((at, key) => Object(at)[key], json);
  if (typeof value === 'number' && Number.isFinite(value)) return String(value);
  return typeof value === 'string' && value !== '' ? value : null;
}

/** What the first of several ways leads to: each is a path, or a text with paths in it. */
export function firstOf(json: unknown, ways: string | readonly string[]): string | null {
  for (const way of [ways].flat()) {
    const found = namesIn(way).length > 0 ? filled(way, (path) => textAt(json, path)) : textAt(json, way);
    if (found !== null) return found;
  }
  return null;
}
