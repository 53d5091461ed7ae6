import type { Transaction } from './client.ts';

const writing = new WeakSet<Transaction>();

/** Notes that a transaction writes rows of a feed: its commit wakes this process's settler. */
export function noteFeedWrite(tx: Transaction): void {
  writing.add(tx);
}

export const isFeedWrite = (tx: Transaction): boolean => writing.has(tx);
