import type { Database } from '../../../db/client.ts';
import type { Size } from './fill-database.ts';

/** A hot query by the function that a process calls, and how many rows it may read at most. */
export interface Query {
  name: string;
  most: number | ((size: Size) => number);
  /** Why it is allowed to read large tables whole; null: it is not. */
  whole?: string;
  run: (database: Database, at: Scene) => Promise<unknown>;
}

interface Scene extends Size {
  now: Date;
}

export const TYPES = ['imap', 'gmail', 'microsoft'] as const;
export const earlier = (now: Date, days: number) => new Date(now.getTime() - days * 86_400_000);
export const later = (now: Date, days: number) => earlier(now, -days);
