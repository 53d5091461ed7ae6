import { Context as ActivityContext } from '@temporalio/activity';
import type { Context } from '../runtime/context.ts';
import { lockChannel, updateChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { readReceipts } from '../db/imports/items.ts';
import { cancelRunningImport, findImport, isUnderWay, updateImport } from '../db/imports/imports.ts';
import type { ImportRow } from '../db/imports/imports.ts';
import { listSetAsideOf } from '../db/imports/set-aside.ts';
import { receiptOf, skippedCount } from '../domain/receipt.ts';
import { backoffMs } from '../domain/schedule.ts';
import type { Session } from '../providers/contract.ts';
import { readAccess } from '../credentials/access.ts';
import type { ChannelAccess } from '../credentials/access.ts';
import { askForRefresh, workAtAccount } from '../credentials/session.ts';
import { advanceImport } from './advance.ts';
import { ImportOvertaken, newRun } from './import-run.ts';
import { importWait } from './wait.ts';

export interface ImportInput {
  tenantId: string;
  channelId: string;
  importId: string;
}

/** Where an import stands after a slice: numbers and words, no cursors. */
export interface SliceAnswer {
  done: boolean;
  state: ImportRow['state'];
  /** 0: go on at once. */
  waitMs: number;
  /** Why it waits, in words for an operator; null while it goes on. */
  waitingFor: string | null;
  counts: {
    found: number;
    imported: number;
    alreadyHad: number;
    skipped: number;
    repaired: number;
    missing: number;
  };
  /** The provider's guess of the total; null without one. */
  estimate: number | null;
  /** How many folders are set aside, because their listing ends whoever tries it. */
  setAside?: number;
}

interface Wait {
  waitMs: number;
  waitingFor: string | null;
}

/** A slice begins no page after this; the one under way is finished. */
const SLICE_MS = 20_000;
/** The channel's workflow fetches a new token meanwhile; the longer that takes, the more rarely we look. */
const FIRST_REFRESH_MS = 1_000;
const MOST_REFRESH_MS = 30_000;
const OVERTAKEN_MS = 1_000;

/** Goes on with an import for a while. While its channel cannot be reached it waits, and goes on at the same cursor. */
export async function runSlice(context: Context, input: ImportInput): Promise<SliceAnswer> {
  const wait = await trySlice(context, input);
  return context.database.inTenant(input.tenantId, async (tx) => {
    const row = await findImport(tx, input.importId);
    const receipt = (await readReceipts(tx, [input.importId])).get(input.importId) ?? receiptOf([]);
    const { skipped: _reasons, ...counts } = receipt;
    return {
      done: !row || !isUnderWay(row),
      state: row?.state ?? 'cancelled',
      waitMs: wait.waitMs,
      waitingFor: wait.waitingFor,
      counts: { ...counts, skipped: skippedCount(receipt) },
      estimate: row?.estimate ?? null,
      setAside: (await listSetAsideOf(tx, [input.importId])).length,
    };
  });
}

async function trySlice(context: Context, input: ImportInput): Promise<Wait> {
  const access = await readAccess(context, input.tenantId, input.channelId);
  const now = await context.clock.now();
  const wait = access === 'gone' ? 'left' : importWait(access.channel, now);
  if (wait === 'left') return leave(context, input);
  if (access === 'gone' || wait !== null) return wait ?? { waitMs: 0, waitingFor: null };
  const signal = ActivityContext.current().cancellationSignal;
  try {
    return await workSlice(context, access, input, signal);
  } catch (error) {
    if (!(error instanceof ImportOvertaken)) throw error;
    return { waitMs: OVERTAKEN_MS, waitingFor: null };
  }
}

async function workSlice(
  context: Context,
  access: ChannelAccess,
  input: ImportInput,
  signal: AbortSignal,
): Promise<Wait> {
  const worked = await workAtAccount(context, access, signal, (session) =>
    advance(context, access, input, session, signal),
  );
  switch (worked.outcome) {
    case 'worked':
      await countFailures(context, input, () => 0);
      return { waitMs: worked.result.waitMs, waitingFor: worked.result.waitMs > 0 ? 'messages that fail' : null };
    case 'needs_refresh': {
      await askForRefresh(context, access.channel);
      const failures = await countFailures(context, input, (before) => before + 1);
      return { waitMs: Math.min(backoffMs(failures, null), MOST_REFRESH_MS), waitingFor: 'a new access token' };
    }
    case 'refused': {
      const failures = await countFailures(context, input, (before) => before + 1);
      if (worked.verdict.tokenRefused) return { waitMs: FIRST_REFRESH_MS, waitingFor: 'a new access token' };
      return { waitMs: backoffMs(failures, worked.verdict.retryAfterMs), waitingFor: 'the provider' };
    }
  }
}

async function advance(
  context: Context,
  { channel, provider }: ChannelAccess,
  { importId }: ImportInput,
  session: Session,
  signal: AbortSignal,
): Promise<{ waitMs: number }> {
  const endsAtMs = performance.now() + SLICE_MS;
  const headsAt = await context.clock.now();
  const heads = await session.scopes();
  const given = { context, channel, provider, session, importId, heads, headsAt, signal, endsAtMs };
  const careful = ActivityContext.current().info.attempt > 1 || (await hasFailed(context, channel.tenantId, importId));
  return advanceImport(newRun({ ...given, careful, inline: false }));
}

/** The last slice, or the poll that began this import, did not come to its end. */
async function hasFailed(context: Context, tenantId: string, importId: string): Promise<boolean> {
  const row = await context.database.inTenant(tenantId, (tx) => findImport(tx, importId));
  return (row?.failures ?? 0) > 0;
}

async function countFailures(
  context: Context,
  { tenantId, importId }: ImportInput,
  next: (before: number) => number,
): Promise<number> {
  return context.database.inTenant(tenantId, async (tx) => {
    const row = await findImport(tx, importId);
    const failures = next(row?.failures ?? 0);
    if (row && row.failures !== failures) await updateImport(tx, importId, { failures });
    return failures;
  });
}

/** The channel is left for good: nothing more is imported. */
async function leave(context: Context, { tenantId, channelId, importId }: ImportInput): Promise<Wait> {
  await context.database.inTenant(tenantId, async (tx) => {
    const now = await context.clock.now();
    const channel: ChannelRow | null = await lockChannel(tx, channelId);
    if (channel) await cancelRunningImport(tx, channelId, now);
    else await updateImport(tx, importId, { state: 'cancelled', completedAt: now });
    if (channel) await updateChannel(tx, channelId, { importState: 'idle' });
  });
  return { waitMs: 0, waitingFor: null };
}
