/**
 * Runs `work` for each key one at a time. Calls that come while it runs become one call that follows, with all that they
 * brought, and share its result.
 */
export function inTurn<Item, Result>(work: (key: string, items: Item[]) => Promise<Result>) {
  const next = new Map<string, { items: Item[]; result: Promise<Result> }>();
  const last = new Map<string, Promise<unknown>>();

  async function follow(key: string, items: Item[]): Promise<Result> {
    await last.get(key)?.catch(() => {}); // its own callers are told
    next.delete(key);
    const running = work(key, items);
    last.set(key, running);
    try {
      return await running;
    } finally {
      if (last.get(key) === running) last.delete(key);
    }
  }

  return (key: string, items: readonly Item[]): Promise<Result> => {
    const joined = next.get(key);
    if (joined) {
      joined.items.push(...items);
      return joined.result;
    }
    const own = [...items];
    const entry = { items: own, result: follow(key, own) };
    next.set(key, entry);
    return entry.result;
  };
}
