/**
 * Works on `concurrency` items at once and yields the results in the order of the items. The first failure ends it;
 * what is still under way then must be stopped by the caller.
 */
export async function* inOrder<Item, Result>(
  items: Iterable<Item>,
  concurrency: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const underWay: Promise<Result>[] = [];
  for (const item of items) {
    const started = work(item);
    // A later item may fail while an earlier one is waited for; it is thrown when its turn comes.
    started.catch(() => undefined);
    underWay.push(started);
    const first = underWay.length >= concurrency ? underWay.shift() : undefined;
    if (first !== undefined) yield await first;
  }
  for (const rest of underWay) yield await rest;
}
