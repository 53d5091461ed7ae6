import type { z } from 'zod';

interface JsonAnswer<S extends z.ZodType = z.ZodType> {
  kind: 'json';
  description: string;
  schema: S;
}

interface EmptyAnswer {
  kind: 'empty';
  description: string;
}

interface RedirectAnswer {
  kind: 'redirect';
  description: string;
}

interface WrittenAnswer {
  kind: 'written';
  description: string;
  /** Any of these. */
  mediaTypes: string[];
}

type DocumentedAnswer = JsonAnswer | EmptyAnswer | RedirectAnswer | WrittenAnswer;
type Status = 200 | 201 | 202 | 204 | 303 | 400;

/** A call's answers by status; 400 only where another standard than RFC 9457 says how a refusal looks. */
export type Answers = { [S in Status]?: DocumentedAnswer };

/** JSON of this schema. */
export const json = <S extends z.ZodType>(description: string, schema: S): JsonAnswer<S> => ({
  kind: 'json',
  description,
  schema,
});

/** No body. */
export const empty = (description: string): EmptyAnswer => ({ kind: 'empty', description });

/** No body, and where the browser goes next. */
export const redirect = (description: string): RedirectAnswer => ({ kind: 'redirect', description });

/** Not JSON: the call has written the response itself. */
export const written = (description: string, ...mediaTypes: string[]): WrittenAnswer => ({
  kind: 'written',
  description,
  mediaTypes,
});

/** What goes with the status: a body that the schema admits, or where the browser goes. */
type WithStatus<D> =
  D extends JsonAnswer<infer S> ? { body: z.input<S> } : D extends RedirectAnswer ? { location: string } : unknown;

/**
 * What a call with these answers may give. (An intersection: a conditional type would widen the status to a number.)
 */
export type AnswerOf<A extends Answers> = {
  [S in keyof A & Status]: { status: S; headers?: Record<string, string> } & WithStatus<A[S]>;
}[keyof A & Status];

/** Any call's answer; the kind of answer that its status documents tells which fields it has. */
export interface SentAnswer {
  status: Status;
  headers?: Record<string, string>;
  body?: unknown;
  location?: string;
}
