import type { z } from 'zod';

type CamelKey<K> = K extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<CamelKey<Tail>>}` : K;
type CamelKeys<T> = { [K in keyof T as CamelKey<K>]: T[K] };

/** A request's object, snake_case outside and camelCase inside; what is in its fields stays as it is. */
export const camelCased = <S extends z.ZodObject>(schema: S) =>
  schema.transform((given) => {
    const entries = Object.entries(given).map(([name, value]) => [camelKey(name), value]);
    return Object.fromEntries(entries) as CamelKeys<z.output<S>>;
  });

const camelKey = (name: string) => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
