import type { Context } from '../runtime/context.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import type { ImportRow } from '../db/imports/imports.ts';
import type { ImportScopeRow } from '../db/imports/scopes.ts';
import type { WindowFacts } from '../domain/import-window.ts';
import type { ChangePage, ListedItem, Provider, ScopeHead, Session, TimeWindow } from '../providers/contract.ts';
import { ContentWriter } from './fetching/content.ts';

/** Ids listed at once: the most that Gmail gives. Messages are fetched and committed in smaller hauls. */
export const PAGE_ITEMS = 500;

/** One stretch of work on an import: an open session, until when, and what came of it so far. */
export interface ImportRun {
  context: Context;
  channel: ChannelRow;
  provider: Provider;
  session: Session;
  importId: string;
  /** Every part of the account as of `headsAt`, taken before anything is listed (rule 9). */
  heads: readonly ScopeHead[];
  headsAt: Date;
  /** First pages that a poll has listed already, by scope. */
  listed: Map<string, { cursor: string; page: ChangePage }>;
  content: ContentWriter;
  signal: AbortSignal;
  /** On the monotonic clock, in ms: no new page is begun after it. */
  endsAtMs: number;
  /** Within a poll, which tells nobody of its import and hands over what takes longer. */
  inline: boolean;
  /** When `import.progress` was last told, on the monotonic clock. */
  toldAtMs: number;
  stored: number;
  /** Scopes whose cursor was found expired in this stretch. Twice in a row is the provider's trouble, not ours. */
  expired: Set<string>;
  /** An item could not be fetched in this stretch: it is tried again in a later one. */
  failed: boolean;
  /** The last stretch ended in the middle of something: messages are tried one by one until a page has passed. */
  careful: boolean;
  /** The session was lost while one message was fetched: nothing more can be asked in this stretch. */
  broken: boolean;
}

/** A page of ids, and what becomes of the listing once all of them are settled or written down. */
export interface PageWork {
  row: ImportRow;
  scope: ImportScopeRow;
  facts: WindowFacts;
  items: ListedItem[];
  /** What was listed by date is looked at more closely, where the listing was coarser than the window. */
  window: TimeWindow | null;
  /** `listing`: new ids. `comparing`: only the comparison found them. `retrying`: listed before, not settled yet. */
  stage: 'listing' | 'comparing' | 'retrying';
  /** A try of these items has been counted before it is made (fetch-carefully.ts). */
  counted?: boolean;
  /** Moves cursor or position in the page's own transaction (rule 9); false when somebody else has. */
  advance(tx: Transaction, now: Date): Promise<boolean>;
}

/** This import was cancelled or finished by somebody else, or its cursor moved: whatever was not committed is void. */
export class ImportOvertaken extends Error {
  constructor(importId: string) {
    super(`Import ${importId} was changed by somebody else meanwhile; look again`);
    this.name = 'ImportOvertaken';
  }
}

export function isOver(run: ImportRun): boolean {
  run.signal.throwIfAborted();
  return performance.now() >= run.endsAtMs;
}

export function newRun(
  given: Omit<ImportRun, 'content' | 'listed' | 'toldAtMs' | 'stored' | 'expired' | 'failed' | 'careful' | 'broken'> &
    Partial<Pick<ImportRun, 'listed' | 'careful'>>,
): ImportRun {
  const owner = { tenantId: given.channel.tenantId, channelId: given.channel.id };
  return {
    listed: new Map(),
    careful: false,
    ...given,
    content: new ContentWriter(given.context, owner),
    toldAtMs: performance.now(),
    stored: 0,
    expired: new Set(),
    failed: false,
    broken: false,
  };
}

/** Whether an import is told of, listed and compared, or a matter of routine. */
export function isRoutine({ cause }: Pick<ImportRow, 'cause'>): boolean {
  return cause === 'poll' || cause === 'push';
}
