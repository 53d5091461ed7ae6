import { createHash } from 'node:crypto';
import type { FetchedMessage, ListedItem, ScopeReference } from '../providers/provider.ts';
import { failureCode } from './import-failures.ts';
import { isOver } from './import-run.ts';
import type { ImportRun } from './import-run.ts';
import type { StoredContent } from './message-content.ts';
import { readMessageHeaders } from './message-headers.ts';
import type { MessageHeaders } from './message-headers.ts';

/** A message whose content is stored and that nobody sees yet. */
export interface NewArrival {
  item: ListedItem;
  contentId: string;
  size: number;
  headers: MessageHeaders;
  fingerprint: string;
  receivedAt: Date;
  folder: string;
}

/** What a fetch brought. */
export interface Haul {
  arrivals: NewArrival[];
  skipped: { item: ListedItem; reason: string }[];
  /** The provider could not give these; it gave others. */
  failed: { item: ListedItem; code: string }[];
  /** The provider said nothing about these. */
  unanswered: ListedItem[];
  /** False when time was over, or `error` ended it: what is not here was not tried. */
  complete: boolean;
  /** What ended it early; to be thrown once the rest is safe. */
  error: unknown;
}

/** Fetches items and stores their content. What came before an error is kept, so that every try gets further. */
export async function fetchItems(run: ImportRun, scope: ScopeReference, items: ListedItem[]): Promise<Haul> {
  const haul: Haul = { arrivals: [], skipped: [], failed: [], unanswered: [], complete: false, error: null };
  const left = new Map(items.map((item) => [keyOf(item), item]));
  try {
    if (items.length > 0) await fetchInto(haul, run, scope, items, left);
    else haul.complete = true;
  } catch (error) {
    if (left.size === items.length) throw error;
    haul.error = error;
  }
  if (haul.complete) haul.unanswered = [...left.values()];
  await run.content.flush();
  return haul;
}

async function fetchInto(
  haul: Haul,
  run: ImportRun,
  scope: ScopeReference,
  items: ListedItem[],
  left: Map<string, ListedItem>,
): Promise<void> {
  for await (const fetched of run.session.fetchMessages(scope, items)) {
    await take(haul, run, fetched);
    left.delete(keyOf(fetched.item));
    if (left.size > 0 && isOver(run)) return;
  }
  haul.complete = true;
}

async function take(haul: Haul, run: ImportRun, fetched: FetchedMessage): Promise<void> {
  switch (fetched.outcome) {
    case 'message': {
      const content = await run.content.write(fetched.raw);
      haul.arrivals.push(await understand(fetched, content, await run.context.clock.now()));
      return;
    }
    case 'skipped':
      haul.skipped.push({ item: fetched.item, reason: fetched.reason });
      return;
    case 'failed': {
      const { item, error } = fetched;
      run.context.logger.warn({ importId: run.importId, item, error: error.message }, 'a message cannot be fetched');
      haul.failed.push({ item, code: failureCode(error) });
    }
  }
}

async function understand(
  { item, receivedAt, folder }: Extract<FetchedMessage, { outcome: 'message' }>,
  { contentId, size, hash, beginning }: StoredContent,
  now: Date,
): Promise<NewArrival> {
  const headers = await readMessageHeaders(beginning);
  const fingerprint = headers.identity === null ? `c:${hash}` : `m:${sha256(headers.identity)}`;
  const known = !Number.isNaN(receivedAt.getTime());
  return { item, contentId, size, headers, fingerprint, receivedAt: known ? receivedAt : now, folder };
}

export function keyOf({ generation, providerId }: ListedItem): string {
  return JSON.stringify([generation, providerId]);
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
