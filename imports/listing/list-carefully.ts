import { CancelledFailure } from '@temporalio/activity';
import type { Transaction } from '../../db/client.ts';
import { moveScope } from '../../db/imports/scopes.ts';
import type { ImportScopeRow } from '../../db/imports/scopes.ts';
import { noteListing, setAside } from '../../db/imports/set-aside.ts';
import { refusedGapMs, waitingGapMs } from '../../domain/backoff.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { TimeWindow, WindowPage } from '../../providers/contract.ts';
import { blameOf } from '../failures.ts';
import { PAGE_ITEMS } from '../import-run.ts';
import type { ImportRun, Stretch } from '../import-run.ts';

/** Ids per page, by the number of listings that did not end before: a listing may end with smaller pages. */
const PAGE_SIZES = [PAGE_ITEMS, 50, 5, 1];

/**
 * Lists a page of a part, with ever smaller pages after trouble. A listing that kills the process, hangs the
 * activity or breaks the session would repeat that for ever. After such an end every listing is therefore counted
 * *before* it begins, and the next asks for fewer ids. When a single id is too much, the part is set aside and the
 * answer is null: its listing is retried hourly for a day, then daily. The other parts continue, and the import ends as
 * stalled.
 */
export async function listCarefully<Page>(
  run: ImportRun,
  scope: ImportScopeRow,
  list: (limit: number) => Promise<Page>,
): Promise<Page | null> {
  const { stretch } = run;
  const { tries, setAsideAt } = scope;
  const limit = PAGE_SIZES[tries];
  // A part that was set aside gets one try: smaller pages failed before, so only another change can help.
  if (limit === undefined || (setAsideAt !== null && tries > 0)) {
    await putAside(stretch, scope, 'no_answer');
    return null;
  }
  if (!run.careful && setAsideAt === null) return list(limit);
  const note = (values: Parameters<typeof noteListing>[2]) => inTenant(stretch, (tx) => noteListing(tx, scope, values));
  await note({ tries: tries + 1 });
  try {
    const page = await list(limit);
    await note({ tries, setAsideAt: null });
    return page;
  } catch (error) {
    // If the note fails too, the first error says more.
    if (!isToBlame(stretch, error)) await note({ tries }).catch(() => {});
    throw error;
  }
}

/** One page of a window, as above, including the query for the dates of its items, which may not end either. */
export function listWindowCarefully(
  run: ImportRun,
  scope: ImportScopeRow,
  window: TimeWindow,
): Promise<WindowPage | null> {
  const { session } = run.stretch;
  const { careful } = run;
  return listCarefully(run, scope, async (limit) => {
    const page = await session.listWindow(scope, window, scope.position, limit);
    return careful && session.within ? { ...page, items: await session.within(scope, page.items, window) } : page;
  });
}

/**
 * Whether the listing caused the end. A timeout counts against it; a stopped worker, a cancelled import and an outage
 * that the provider admits do not: an outage passes, and an hour would be a long wait.
 */
function isToBlame({ signal }: Stretch, error: unknown): boolean {
  const isOutage = error instanceof ProviderError && error.verdict.reason !== 'network';
  if (!signal.aborted) return !isOutage && blameOf(error) !== null;
  const reason: unknown = signal.reason;
  return reason instanceof CancelledFailure && ['TIMED_OUT', 'HEARTBEAT_TIMEOUT', 'NOT_FOUND'].includes(reason.message);
}

/** The part rests for a while; the others go on, and the import ends as stalled until it has been read. */
export async function putAside(
  stretch: Stretch,
  scope: ImportScopeRow,
  reason: 'refused' | 'no_answer',
): Promise<void> {
  const { clock, logger } = stretch.context;
  const now = await clock.now();
  const since = scope.setAsideAt ?? now;
  const gapMs = { refused: refusedGapMs, no_answer: waitingGapMs }[reason](now.getTime() - since.getTime());
  const retryAt = new Date(now.getTime() + gapMs);
  const { channelId, importId } = scope;
  logger.error({ channelId, importId, reason, retryAt }, 'A part is set aside: it cannot be read');
  await inTenant(stretch, async (tx) => {
    await setAside(tx, scope, { since, retryAt, reason });
    // What was listed there has still to be fetched.
    if (scope.state === 'done') await moveScope(tx, scope, { state: 'comparing' });
  });
}

const inTenant = <T>({ context, channel }: Stretch, work: (tx: Transaction) => Promise<T>) =>
  context.database.inTenant(channel.tenantId, work);
