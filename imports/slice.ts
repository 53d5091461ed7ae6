import { Context as ActivityContext } from '@temporalio/activity';
import type { Context } from '../runtime/context.ts';
import { findChannel, lockChannel, updateChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { readReceipts } from '../db/imports/items.ts';
import {
  cancelRunningImport,
  clearFailures,
  countFailure,
  findImport,
  isUnderWay,
  updateImport,
} from '../db/imports/imports.ts';
import type { ImportRow } from '../db/imports/imports.ts';
import { mayLeaveLane } from '../db/imports/owed.ts';
import { listImportScopes } from '../db/imports/scopes.ts';
import { listSetAsideOf } from '../db/imports/set-aside.ts';
import type { AccessType } from '../domain/access-type.ts';
import { LEFT, isOneOf } from '../domain/channel.ts';
import { receiptOf, skippedCount } from '../domain/receipt.ts';
import { BACKOFF, gapMs } from '../domain/backoff.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { Session } from '../providers/contract.ts';
import { findAccess } from '../credentials/access.ts';
import type { ChannelAccess } from '../credentials/access.ts';
import { askFor } from '../channels/wake.ts';
import { workAtAccount } from '../credentials/session.ts';
import { advanceImport, walkToHeads } from './advance.ts';
import { ImportOvertaken, ImportRun } from './import-run.ts';
import type { Stretch } from './import-run.ts';
import { lacksHead } from './listing/walk.ts';
import { takeChannelHeads } from './parts-aside.ts';
import { stallImport } from './stall.ts';
import { importWait } from './wait.ts';

export interface ImportInput {
  tenantId: string;
  channelId: string;
  importId: string;
  /** Whose worker runs the slice; an activity of the release before does not say. */
  accessType?: AccessType;
}

/** The state of an import after a slice: numbers and words, no cursors. */
export interface SliceAnswer {
  done: boolean;
  state: ImportRow['state'];
  /** 0: continue at once. */
  waitMs: number;
  /** Why it waits, in words for an operator; null while it continues. */
  waitingFor: string | null;
  counts: {
    found: number;
    imported: number;
    alreadyHad: number;
    skipped: number;
    repaired: number;
    missing: number;
  };
  /** The provider's estimate of the total; null: none. */
  estimate: number | null;
  /** How many folders are set aside because they cannot be read. */
  setAside?: number;
  /** The channel's access type, where it has changed since the import began: the next slice is its worker's. */
  accessType?: AccessType;
}

interface Wait {
  waitMs: number;
  /** As of `SliceAnswer`. */
  waitingFor: string | null;
}

/** How a slice ended; its last transaction writes the consequences. */
type SliceEnd =
  /** The channel is disconnected: nothing more is imported. */
  | { type: 'left' }
  /**
   * The account cannot be reached now, its token is spent, or another process runs the import. No message caused that, so
   * the count of failures stays: a careful slice, which is slow, would outlive its token as well, and so would the next.
   */
  | ({ type: 'put_off' } & Wait)
  | { type: 'advanced'; waitMs: number }
  /** An error of our own, several times in a row: the import is stalled until a later slice gets on. */
  | { type: 'broken' }
  | { type: 'refused'; verdict: Verdict };

/** A slice begins no page after this and finishes the current one. */
const SLICE_MS = 20_000;
const OVERTAKEN_MS = 1_000;
/** A worker of the access type may come back. */
const UNSERVED_MS = 60_000;
/** A slice that breaks so often, with a few seconds between, is put off, and its channel says so. */
const MOST_ATTEMPTS = 4;

/** Continues an import for a while. While its account cannot be reached it waits, and continues at the same cursor. */
export async function runSlice(context: Context, input: ImportInput): Promise<SliceAnswer> {
  const { tenantId, channelId, importId } = input;
  const { access, row, channel } = await context.database.inTenant(tenantId, async (tx) => ({
    access: await findAccess(context, tx, channelId),
    row: await findImport(tx, importId),
    channel: await findChannel(tx, channelId),
  }));
  const isElsewhere = access === 'gone' && channel !== null && !context.providers.has(channel.accessType);
  const end = isElsewhere ? leaveToOthers(channel, input) : await trySlice(context, access, row, input);
  return context.database.inTenant(tenantId, (tx) => endSlice(context, tx, input, end));
}

/** The state of an import whose slice no worker has taken: the channel may have another access type, or be left. */
export function lookAtImport(context: Context, input: ImportInput): Promise<SliceAnswer> {
  return context.database.inTenant(input.tenantId, async (tx) => {
    const channel = await findChannel(tx, input.channelId);
    return endSlice(context, tx, input, channel ? leaveToOthers(channel, input) : { type: 'left' });
  });
}

/** This worker does not reach the channel's account; one that serves its access type does. */
function leaveToOthers({ status, accessType }: ChannelRow, input: ImportInput): SliceEnd {
  if (isOneOf(LEFT, status)) return { type: 'left' };
  const hasChanged = input.accessType !== undefined && input.accessType !== accessType;
  return { type: 'put_off', waitMs: hasChanged ? 0 : UNSERVED_MS, waitingFor: `a worker that serves ${accessType}` };
}

async function trySlice(
  context: Context,
  access: ChannelAccess | 'gone',
  row: ImportRow | null,
  { importId }: ImportInput,
): Promise<SliceEnd> {
  if (access === 'gone') return { type: 'left' };
  const wait = importWait(access.channel, await context.clock.now());
  if (wait === 'left') return { type: 'left' };
  if (wait !== null) return { type: 'put_off', ...wait };
  const activity = ActivityContext.current();
  const signal = activity.cancellationSignal;
  // The last slice, or the poll that began this import, did not come to its end.
  const careful = activity.info.attempt > 1 || (row?.failures ?? 0) > 0;
  const work = async (session: Session) =>
    advanceImport(new ImportRun(await beginStretch(context, access, { importId, session, signal }), { careful }));
  try {
    const worked = await workAtAccount(context, access, signal, work);
    if (worked.outcome === 'worked') return { type: 'advanced', ...worked.result };
    const { id: channelId, tenantId, failures } = access.channel;
    if (worked.outcome === 'refused') {
      return worked.verdict.tokenRefused ? withoutToken(0) : { type: 'refused', verdict: worked.verdict };
    }
    if (worked.outcome === 'crowded') {
      const waitMs = gapMs(BACKOFF.crowded, 1, { spreadBy: channelId });
      return { type: 'put_off', waitMs, waitingFor: 'other imports of the same tenant or server, which hang' };
    }
    await askFor(context, { tenantId, channelId }, 'refreshRequestedAt');
    return withoutToken(failures);
  } catch (error) {
    if (error instanceof ImportOvertaken) return { type: 'put_off', waitMs: OVERTAKEN_MS, waitingFor: null };
    if (signal.aborted || activity.info.attempt < MOST_ATTEMPTS) throw error;
    const { id: channelId } = access.channel;
    context.logger.error(
      { err: error, code: 'import_put_off', channelId, importId },
      'An import fails for a reason of our own; it is put off and tried again',
    );
    await reachHeads(context, access, { importId, signal });
    return { type: 'broken' };
  }
}

/**
 * Takes the heads without which a broken import cannot leave its lane, where the provider tells no cursor as of now. Until
 * they are reached, polls wait for the import.
 */
async function reachHeads(
  context: Context,
  access: ChannelAccess,
  { importId, signal }: Pick<Stretch, 'importId' | 'signal'>,
): Promise<void> {
  const { id: channelId, tenantId } = access.channel;
  const row = await context.database.inTenant(tenantId, async (tx) => {
    const row = await findImport(tx, importId);
    if (row === null || !(await mayLeaveLane(tx, row))) return null;
    return (await listImportScopes(tx, importId)).some(lacksHead) ? row : null;
  });
  if (row === null) return;
  try {
    await workAtAccount(context, access, signal, async (session) => {
      if (session.walk === undefined) return;
      await walkToHeads(new ImportRun(await beginStretch(context, access, { importId, session, signal })), row);
    });
  } catch (error) {
    if (signal.aborted) throw error;
    context.logger.warn(
      { err: error, channelId, importId },
      'The heads of a broken import are not reached; polls wait',
    );
  }
}

async function beginStretch(
  context: Context,
  { channel, provider }: ChannelAccess,
  { importId, session, signal }: Pick<Stretch, 'importId' | 'session' | 'signal'>,
): Promise<Stretch> {
  const headsAt = await context.clock.now();
  const { heads, aside } = await takeChannelHeads(context, channel, session);
  // Heads may take long where a server has many folders, and every slice has to bring messages as well.
  const endsAtMs = performance.now() + SLICE_MS;
  return { context, channel, provider, session, importId, heads, headsAt, aside, signal, endsAtMs, inline: false };
}

/** Writes the outcome of a slice and returns the import's state. */
async function endSlice(
  context: Context,
  tx: Transaction,
  { channelId, importId, accessType }: ImportInput,
  end: SliceEnd,
): Promise<SliceAnswer> {
  if (end.type === 'left') await leave(tx, { channelId, importId }, await context.clock.now());
  let row = await findImport(tx, importId);
  const receipt = (await readReceipts(tx, [importId])).get(importId) ?? receiptOf([]);
  const { skipped: _reasons, ...counts } = receipt;
  const setAside = await listSetAsideOf(tx, [importId]);
  // Last, outside the transaction: the receipt of a large import takes seconds, and a reauthorization would wait for the row.
  if (row && isUnderWay(row) && !row.audit) {
    // Both lock the channel, so before the import.
    if (end.type === 'broken') row = await stallImport(tx, row, { receipt, now: await context.clock.now() });
    else if (end.type === 'advanced' && row.failures > 0 && !row.owed) await showProgress(tx, row);
  }
  const wait = await settleFailures(tx, { importId, holdsPolls: isInLane(row) }, end);
  const now = await findChannel(tx, channelId);
  return {
    done: !row || !isUnderWay(row),
    state: row?.state ?? 'cancelled',
    waitMs: wait.waitMs,
    waitingFor: wait.waitingFor,
    counts: { ...counts, skipped: skippedCount(receipt) },
    estimate: row?.estimate ?? null,
    setAside: setAside.length,
    ...(now && accessType !== undefined && now.accessType !== accessType ? { accessType: now.accessType } : {}),
  };
}

/** An import in its lane catches up again with the first slice that gets on; one that has left it is stalled to its end. */
async function showProgress(tx: Transaction, { id, channelId, stalledAt }: ImportRow): Promise<void> {
  await updateChannel(tx, channelId, { importState: 'catching_up' });
  if (stalledAt !== null) await updateImport(tx, id, { stalledAt: null });
}

/** Whether polls wait for an import: it has not left the lane. */
const isInLane = (row: ImportRow | null) => row !== null && row.state === 'running' && row.movesCursor;

/** Counts failures in a row and returns the wait before the next slice. */
async function settleFailures(
  tx: Transaction,
  { importId, holdsPolls }: { importId: string; holdsPolls: boolean },
  end: SliceEnd,
): Promise<Wait> {
  switch (end.type) {
    case 'left':
      return { waitMs: 0, waitingFor: null };
    case 'put_off':
      return end;
    case 'advanced':
      await clearFailures(tx, importId);
      return { waitMs: end.waitMs, waitingFor: end.waitMs > 0 ? 'messages that fail' : null };
    case 'broken':
      return {
        waitMs: gapMs(BACKOFF.sliceBroken, await countFailure(tx, importId)),
        waitingFor: `an error of Mooring to end${holdsPolls ? ', and polls wait for the import' : ''}`,
      };
    case 'refused':
      return {
        waitMs: gapMs(BACKOFF.slice, await countFailure(tx, importId), { retryAfterMs: end.verdict.retryAfterMs }),
        waitingFor: 'the provider',
      };
  }
}

/** Waits for the refresh, longer where refreshes have failed. A stored token wakes the import's workflow. */
function withoutToken(failedRefreshes: number): SliceEnd {
  const waitMs = gapMs(BACKOFF.sliceWithoutToken, 1 + failedRefreshes);
  return { type: 'put_off', waitMs, waitingFor: 'a new access token' };
}

/** The channel is disconnected: the import is cancelled. */
async function leave(
  tx: Transaction,
  { channelId, importId }: Pick<ImportInput, 'channelId' | 'importId'>,
  now: Date,
): Promise<void> {
  const channel = await lockChannel(tx, channelId);
  if (channel) await cancelRunningImport(tx, channelId, now);
  else await updateImport(tx, importId, { state: 'cancelled', completedAt: now });
}
