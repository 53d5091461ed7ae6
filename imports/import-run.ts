import type { Context } from '../runtime/context.ts';
import type { AsidePart } from '../credentials/heads.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import type { ImportRow } from '../db/imports/imports.ts';
import type { ImportScopeRow } from '../db/imports/scopes.ts';
import type { WindowFacts } from '../domain/import-window.ts';
import type { ChangePage, ListedItem, Provider, ScopeHead, Session, TimeWindow } from '../providers/contract.ts';
import { ContentWriter } from './fetching/content.ts';
import { ListingTrail } from './listing/trail.ts';

/** Ids per page: the most that Gmail returns. Messages are fetched and committed in smaller hauls. */
export const PAGE_ITEMS = 500;
/** `import.progress` is emitted at most once in this time. */
const PROGRESS_INTERVAL_MS = 5_000;

/** The constants of one stretch of work on an import. */
export interface Stretch {
  readonly context: Context;
  readonly channel: ChannelRow;
  readonly provider: Provider;
  readonly session: Session;
  readonly importId: string;
  /** Every part of the account as of `headsAt`, taken before anything is listed (rule 9). */
  readonly heads: readonly ScopeHead[];
  readonly headsAt: Date;
  /** Parts that are there and whose heads cannot be taken. */
  readonly aside: readonly AsidePart[];
  readonly signal: AbortSignal;
  /** On the monotonic clock, in ms: no new page is begun after it. */
  readonly endsAtMs: number;
  /** Within a poll, which emits no event of its import and hands over longer work. */
  readonly inline: boolean;
}

/** The page that a poll listed after `cursor`. */
export interface ListedPage {
  cursor: string;
  page: ChangePage;
}

/** A page of ids, and how the listing advances once all of them are settled or recorded. */
export interface PageWork {
  row: ImportRow;
  scope: ImportScopeRow;
  facts: WindowFacts;
  items: ListedItem[];
  /** Filters items of a listing by date that is coarser than the window. */
  window: TimeWindow | null;
  /**
   * `listing`: new ids. `comparing`: ids that only the comparison found. `retrying`: listed before, not settled yet.
   */
  stage: 'listing' | 'comparing' | 'retrying';
  /** The try of these items is already counted (fetch-carefully.ts). */
  counted?: boolean;
  /** Moves cursor or position in the page's own transaction (rule 9); false when another process has moved it. */
  advance(tx: Transaction, now: Date): Promise<boolean>;
}

/**
 * How the work on a page ended. `unfinished`: its listing was set aside, or time ran out. `session_lost`: one message
 * broke the session, which ends the stretch.
 */
export type PageEnd = 'whole' | 'unfinished' | 'session_lost';

/** A running stretch and its results so far. */
export class ImportRun {
  readonly stretch: Stretch;
  readonly content: ContentWriter;
  readonly #listed: Map<string, ListedPage>;
  readonly #expired = new Set<string>();
  readonly #trails = new Map<string, ListingTrail>();
  #careful: boolean;
  #reportedAtMs = performance.now();
  #stored = 0;
  #hasUnfetched = false;
  #isCovered = false;

  /**
   * @param careful the last stretch was interrupted: messages are tried one by one until a page has passed
   * @param listed first pages that a poll already listed, by scope
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

  /** A message could not be fetched; a later stretch retries it. */
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

  /** False when the scope's cursor already expired in this stretch: that is the provider's trouble. */
  noteExpired(scope: string): boolean {
    const isFirst = !this.#expired.has(scope);
    this.#expired.add(scope);
    return isFirst;
  }

  /** The pages that a listing passed in this stretch. */
  trailOf(listing: string): ListingTrail {
    const trail = this.#trails.get(listing) ?? new ListingTrail();
    this.#trails.set(listing, trail);
    return trail;
  }

  /** The page that the poll listed after this cursor; returned once. */
  takeListed(scope: string, cursor: string): ChangePage | null {
    const listed = this.#listed.get(scope);
    this.#listed.delete(scope);
    return listed?.cursor === cursor ? listed.page : null;
  }

  /** Whether what came during a walk is still to be imported in this stretch; true once. */
  beginCover(): boolean {
    const isFirst = !this.#isCovered;
    this.#isCovered = true;
    return isFirst;
  }

  /** Whether progress is due now; restarts the interval if so. */
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

/** Throws where the channel has another access since the session was opened: what that one brings is void. */
export function requireSameAccess(
  { channel, importId }: Pick<Stretch, 'channel' | 'importId'>,
  now: Pick<ChannelRow, 'accessVersion'>,
): void {
  if (now.accessVersion !== channel.accessVersion) throw new ImportOvertaken(importId);
}

/** Whether the stretch's time is over; throws when it was cancelled. */
export function isOver({ signal, endsAtMs }: Stretch): boolean {
  signal.throwIfAborted();
  return performance.now() >= endsAtMs;
}

/** A poll's or push's import, which emits no events and is not compared. */
export function isRoutine({ cause }: Pick<ImportRow, 'cause'>): boolean {
  return cause === 'poll' || cause === 'push';
}
