import { CancelledFailure } from '@temporalio/activity';
import type { Transaction } from '../../db/client.ts';
import type { ImportScopeRow } from '../../db/imports/scopes.ts';
import { noteListing, setAside } from '../../db/imports/set-aside.ts';
import { blockedRetryMs } from '../../domain/schedule.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { TimeWindow, WindowPage } from '../../providers/contract.ts';
import { blameOf } from '../failures.ts';
import { PAGE_ITEMS } from '../import-run.ts';
import type { ImportRun, Stretch } from '../import-run.ts';

/** How many ids are asked for, by how many listings did not end before: what is too much at once may pass in parts. */
const PAGE_SIZES = [PAGE_ITEMS, 50, 5, 1];

/**
 * Lists a page of a part, or, after trouble, less and less at a time. A listing that kills the process, hangs the
 * activity or breaks the session would do so for ever. So after such an end each is counted *before* it is begun, the next
 * asks for fewer ids, and when one id alone is too much the part is set aside: null, and nothing of it is listed until its
 * time has come, hourly for a day and then daily. The rest of the account goes on, and the import ends as stalled.
 */
export async function listCarefully<Page>(
  run: ImportRun,
  scope: ImportScopeRow,
  list: (limit: number) => Promise<Page>,
): Promise<Page | null> {
  const { stretch } = run;
  const { tries, setAsideAt } = scope;
  const limit = PAGE_SIZES[tries];
  // One that was set aside gets one try: it had its smaller ones, and what may have changed is not its size.
  if (limit === undefined || (setAsideAt !== null && tries > 0)) return putAside(stretch, scope);
  if (!run.careful && setAsideAt === null) return list(limit);
  const note = (values: Parameters<typeof noteListing>[2]) => inTenant(stretch, (tx) => noteListing(tx, scope, values));
  await note({ tries: tries + 1 });
  try {
    const page = await list(limit);
    await note({ tries, setAsideAt: null });
    return page;
  } catch (error) {
    // The first error says more than one of the note.
    if (!isToBlame(stretch, error)) await note({ tries }).catch(() => {});
    throw error;
  }
}

/** One page of a window, as above. What is asked of the dates of the listed may end whoever asks as well. */
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
 * A worker that is told to stop, or an import that is, is not the listing's doing; one that took too long is. Nor is an
 * outage that the provider admits: that passes, and an hour would be long.
 */
function isToBlame({ signal }: Stretch, error: unknown): boolean {
  const isOutage = error instanceof ProviderError && error.verdict.reason !== 'network';
  if (!signal.aborted) return !isOutage && blameOf(error) !== null;
  const reason: unknown = signal.reason;
  return reason instanceof CancelledFailure && ['TIMED_OUT', 'HEARTBEAT_TIMEOUT', 'NOT_FOUND'].includes(reason.message);
}

async function putAside(stretch: Stretch, scope: ImportScopeRow): Promise<null> {
  const { clock, logger } = stretch.context;
  const now = await clock.now();
  const since = scope.setAsideAt ?? now;
  const retryAt = new Date(now.getTime() + blockedRetryMs(now.getTime() - since.getTime()));
  const { channelId, importId } = scope;
  logger.error({ channelId, importId, retryAt }, 'A part is set aside: its listing does not end');
  await inTenant(stretch, (tx) => setAside(tx, scope, { since, retryAt }));
  return null;
}

const inTenant = <T>({ context, channel }: Stretch, work: (tx: Transaction) => Promise<T>) =>
  context.database.inTenant(channel.tenantId, work);
