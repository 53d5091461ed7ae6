import { holdChannel } from '../../db/channels/channels.ts';
import type { Transaction } from '../../db/client.ts';
import { ABSENT, findListedItems } from '../../db/imports/items.ts';
import { findImport, findOpenGap, isUnderWay } from '../../db/imports/imports.ts';
import type { ImportRow } from '../../db/imports/imports.ts';
import { findKnownMessages } from '../../db/messages/messages.ts';
import type { KnownMessage } from '../../db/messages/messages.ts';
import type { ListedItem } from '../../providers/contract.ts';
import { commitHaul } from './commit.ts';
import type { EarlierLook } from './commit.ts';
import { fetchHauls } from './fetch.ts';
import { keyOf } from './keys.ts';
import type { Haul } from './fetch.ts';
import { findEmptyPlaces } from './moves.ts';
import { ImportOvertaken, requireSameAccess } from '../import-run.ts';
import type { ImportRun, PageEnd, PageWork, Stretch } from '../import-run.ts';

/** A page, split into known items and items to fetch. */
interface Sifted {
  unknown: ListedItem[];
  known: KnownMessage[];
  /** How each was looked for before, by key. */
  earlier: Map<string, EarlierLook>;
}

/**
 * Imports one page, haul by haul: stores the content of unknown messages in short transactions, then in one transaction
 * the messages, their places and the outcome of every id; the last haul's transaction also moves the cursor (rule 9).
 * One haul commits while the next is fetched. When time runs out, the fetched hauls are committed and the cursor stays:
 * the page is listed again, and the rest fetched.
 */
export async function importPage(run: ImportRun, work: PageWork): Promise<PageEnd> {
  try {
    return await fetchAndCommit(run, work);
  } finally {
    await run.content.discard().catch((error: unknown) => {
      const { context, importId } = run.stretch;
      context.logger.warn(
        { err: error, importId },
        'Unreferenced content was not deleted; the retention sweep deletes it',
      );
    });
  }
}

async function fetchAndCommit(run: ImportRun, work: PageWork): Promise<PageEnd> {
  let { known, earlier, unknown } = await siftPage(run.stretch, work);
  let last: Haul | null = null;
  let committing: Promise<void> | null = null;
  try {
    for await (const haul of fetchHauls(run, work, unknown)) {
      await committing; // in order, at most one haul ahead; a failed commit ends the page
      committing = commit(run, work, { known, earlier, haul });
      committing.catch(() => undefined);
      [known, last] = [[], haul];
    }
    await committing;
  } finally {
    await committing?.catch(() => undefined); // no commit of this page runs while its content is tidied up
  }
  if (last !== null && last.error !== null) throw last.error;
  return last?.complete ? 'whole' : 'unfinished';
}

async function commit(run: ImportRun, work: PageWork, part: Pick<Sifted, 'known' | 'earlier'> & { haul: Haul }) {
  const { stretch } = run;
  const { context, channel } = stretch;
  const { haul } = part;
  await haul.stored;
  const emptied = await findEmptyPlaces(stretch, work.scope, haul.arrivals);
  const count = await context.database.inTenant(channel.tenantId, async (tx) => {
    const now = await context.clock.now();
    const row = await lockRunning(tx, stretch, work);
    const gapFrom = row.movesCursor ? null : await findOpenGap(tx, row.channelId);
    return commitHaul(tx, stretch, { ...part, emptied, gapFrom, work: { ...work, row }, now });
  });
  run.content.claim(haul.arrivals.map(({ contentId }) => contentId));
  run.noteStored(count);
  if (haul.failed.length + haul.unanswered.length > 0) run.noteUnfetched();
}

/** Splits a page into known items and items to fetch. */
export async function siftPage({ context, channel, session }: Stretch, work: PageWork): Promise<Sifted> {
  const sifted = await context.database.inTenant(channel.tenantId, (tx) => sift(tx, work));
  const { window, scope } = work;
  if (window === null || session.within === undefined || sifted.unknown.length === 0) return sifted;
  return { ...sifted, unknown: await session.within(scope, sifted.unknown, window) };
}

async function sift(tx: Transaction, { row, scope, items, stage, counted = false }: PageWork): Promise<Sifted> {
  const listed = await findListedItems(tx, { importId: row.id, scope: scope.scope }, items);
  const before = new Map(listed.map((item) => [keyOf(item), item]));
  const found = await findKnownMessages(tx, { channelId: row.channelId, scope: scope.scope }, items);
  const places = new Map(found.map((known) => [keyOf(known), known]));
  const isNew = (item: ListedItem) => {
    const earlier = before.get(keyOf(item));
    if (earlier === undefined) return true;
    return (stage === 'retrying' || counted) && (earlier.outcome === null || earlier.replay);
  };
  const fresh = [...new Map(items.filter(isNew).map((item) => [keyOf(item), item])).values()];
  return {
    unknown: fresh.filter((item) => !places.has(keyOf(item))),
    known: fresh.flatMap((item) => places.get(keyOf(item)) ?? []),
    earlier: new Map(
      listed.map(({ tries, lastError, triedAt, ...item }) => [
        keyOf(item),
        { tries: tries - (counted ? 1 : 0), absentSince: counted || lastError === ABSENT ? triedAt : null },
      ]),
    ),
  };
}

/** Every page of a channel commits under its row's lock, so that two lanes cannot store the same message twice. */
export async function lockRunning(
  tx: Transaction,
  stretch: Stretch,
  { row }: Pick<PageWork, 'row'>,
): Promise<ImportRow> {
  const channel = await holdChannel(tx, row.channelId);
  if (channel) requireSameAccess(stretch, channel);
  const current = channel && (await findImport(tx, row.id));
  if (!current || !isUnderWay(current)) throw new ImportOvertaken(row.id);
  return current;
}
