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
/** `import.progress` comes at most once in this time. */
const PROGRESS_INTERVAL_MS = 5_000;

/** What one stretch of work on an import has at hand. None of it changes while the stretch lasts. */
export interface Stretch {
  readonly context: Context;
  readonly channel: ChannelRow;
  readonly provider: Provider;
  readonly session: Session;
  readonly importId: string;
  /** Every part of the account as of `headsAt`, taken before anything is listed (rule 9). */
  readonly heads: readonly ScopeHead[];
  readonly headsAt: Date;
  readonly signal: AbortSignal;
  /** On the monotonic clock, in ms: no new page is begun after it. */
  readonly endsAtMs: number;
  /** Within a poll, which emits no event of its import and hands over what takes longer. */
  readonly inline: boolean;
}

/** The page that a poll has listed after `cursor`. */
export interface ListedPage {
  cursor: string;
  page: ChangePage;
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
  /** Moves cursor or position in the page's own transaction (rule 9); false when another process has moved it. */
  advance(tx: Transaction, now: Date): Promise<boolean>;
}

/**
 * How the work on a page ended. `unfinished`: its listing was set aside, or time ran out in the middle. `session_lost`:
 * one message took the session with it, and nothing more can be asked in this stretch.
 */
export type PageEnd = 'whole' | 'unfinished' | 'session_lost';

/** A stretch at work, with what has happened in it so far. */
export class ImportRun {
  readonly stretch: Stretch;
  readonly content: ContentWriter;
  readonly #listed: Map<string, ListedPage>;
  readonly #expired = new Set<string>();
  #careful: boolean;
  #reportedAtMs = performance.now();
  #stored = 0;
  #hasUnfetched = false;

  /**
   * @param careful the last stretch ended in the middle of something: messages are tried one by one until a page passed
   * @param listed first pages that a poll has listed already, by scope
   */
  constructor(stretch: Stretch, { careful = false, listed = new Map<string, ListedPage>() } = {}) {
    const { context, channel } = stretch;
    this.stretch = stretch;
    this.content = new ContentWriter(context, { tenantId: channel.tenantId, channelId: channel.id });
    this.#careful = careful;
    this.#listed = new Map(listed);
  }

  /** Messages and listings are tried in small steps, each counted before it is made. */
  get careful(): boolean {
    return this.#careful;
  }

  /** Messages that became visible. */
  get stored(): number {
    return this.#stored;
  }

  /** A message could not be fetched in this stretch: a later one tries it again. */
  get hasUnfetched(): boolean {
    return this.#hasUnfetched;
  }

  /** A page has passed message by message: the next ones are fetched whole. */
  endCare(): void {
    this.#careful = false;
  }

  noteStored(count: number): void {
    this.#stored += count;
  }

  noteUnfetched(): void {
    this.#hasUnfetched = true;
  }

  /** False when the scope's cursor was found expired in this stretch before: that is the provider's trouble, not ours. */
  noteExpired(scope: string): boolean {
    const isFirst = !this.#expired.has(scope);
    this.#expired.add(scope);
    return isFirst;
  }

  /** The page that the poll has listed after this cursor, once. */
  takeListed(scope: string, cursor: string): ChangePage | null {
    const listed = this.#listed.get(scope);
    this.#listed.delete(scope);
    return listed?.cursor === cursor ? listed.page : null;
  }

  /** Whether progress is to be reported now; the interval begins anew then. */
  beginReport(): boolean {
    const nowMs = performance.now();
    if (this.stretch.inline || nowMs - this.#reportedAtMs < PROGRESS_INTERVAL_MS) return false;
    this.#reportedAtMs = nowMs;
    return true;
  }
}

/** The import was cancelled or finished by another process, or its cursor moved: what was not committed is void. */
export class ImportOvertaken extends Error {
  constructor(importId: string) {
    super(`Import ${importId} was changed by another process meanwhile; look again`);
    this.name = 'ImportOvertaken';
  }
}

/** Whether time is over; throws when the stretch was cancelled. */
export function isOver({ signal, endsAtMs }: Stretch): boolean {
  signal.throwIfAborted();
  return performance.now() >= endsAtMs;
}

/** Whether an import is told of, listed and compared, or a matter of routine. */
export function isRoutine({ cause }: Pick<ImportRow, 'cause'>): boolean {
  return cause === 'poll' || cause === 'push';
}
