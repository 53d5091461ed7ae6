/** Transactions that write rows of a feed. */
const writing = new WeakSet<object>();

/** Notes that a transaction writes rows of a feed: its commit wakes this process's settler. */
export function noteFeedWrite(tx: object): void {
  writing.add(tx);
}

export const isFeedWrite = (tx: object): boolean => writing.has(tx);
