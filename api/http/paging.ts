import { z } from 'zod';
import { Problem } from './problem.ts';

/** `?limit=&after=` of every list. */
export const pageQuery = {
  limit: z.coerce
    .number('expected a number from 1 to 200')
    .int()
    .min(1)
    .max(200)
    .default(50)
    .describe('Rows per page, 1 to 200'),
  after: z.string().min(1).max(500).optional().describe('`next` of the page before; left out: the first page'),
};

export interface Page<T> {
  data: T[];
  next: string | null;
}

/**
 * A page out of `limit + 1` rows: the extra row only shows that there are more. A cursor names the last row of the
 * page, so new rows shift nothing.
 */
export function pageOf<Row, Shown>(
  rows: Row[],
  limit: number,
  { cursor, show }: { cursor: (row: Row) => string; show: (row: Row) => Shown },
): Page<Shown> {
  const given = rows.slice(0, limit);
  const last = given.at(-1);
  return { data: given.map(show), next: rows.length > limit && last !== undefined ? cursor(last) : null };
}

/** Lists by id: the cursor is the encoded id, so that clients do not construct one. */
export const idCursor = (id: string) => Buffer.from(`id:${id}`).toString('base64url');

export function parseIdCursor(cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  const text = Buffer.from(cursor, 'base64url').toString();
  if (!/^id:[\x20-\x7e\u0080-\uffff]{1,200}$/u.test(text)) throw invalidCursor();
  return text.slice(3);
}

export const invalidCursor = () =>
  new Problem(
    'invalid_cursor',
    'Expected `next` of an earlier page of this list, or no cursor to start at the beginning',
  );
