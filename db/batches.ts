/**
 * Rows that are written or read at a time, where a mail server chooses how many there are: a statement takes 65,535
 * parameters, and the event loop sees to others in between.
 */
const ROWS = 500;

export function* inBatches<Row>(rows: readonly Row[]): Generator<Row[]> {
  for (let start = 0; start < rows.length; start += ROWS) yield rows.slice(start, start + ROWS);
}

/** All rows of a query that reads those after `last`, in its order. */
export async function readInBatches<Row>(
  read: (from: { last: Row | undefined; limit: number }) => PromiseLike<Row[]>,
): Promise<Row[]> {
  const all: Row[] = [];
  for (;;) {
    const rows = await read({ last: all.at(-1), limit: ROWS });
    for (const row of rows) all.push(row);
    if (rows.length < ROWS) return all;
  }
}
