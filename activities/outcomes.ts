import type { Context } from '../context.ts';
import { lockChannel, updateChannel } from '../db/channels.ts';
import type { ChannelRow } from '../db/channels.ts';
import type { Transaction } from '../db/client.ts';
import { clearTokenRefused, markTokenRefused, notifyReaders } from '../db/credentials.ts';
import { letHappen } from '../db/happenings.ts';
import { nudge } from '../db/nudges.ts';
import type { Suspicion } from '../db/schema/channels.ts';
import { backoffMs, blockedRetryMs } from '../domain/schedule.ts';
import { statusAfter } from '../domain/channel.ts';
import type { Verdict } from '../domain/verdict.ts';

/** Which half of a connection a call has tried: the credential itself, or the account behind it. */
export type Tried = 'credential' | 'access';

interface Outcome {
  tenantId: string;
  channelId: string;
  credentialVersion: number;
  tried: Tried;
}

/** A call worked: trouble of the same half is over. Returns the row, null when the channel is gone. */
export async function recordSuccess(context: Context, outcome: Outcome): Promise<ChannelRow | null> {
  const now = await context.clock.now();
  return context.database.inTenant(outcome.tenantId, async (tx) => {
    const row = await lockChannel(tx, outcome.channelId);
    return row && settleSuccess(tx, row, outcome, now);
  });
}

/**
 * The same within the caller's transaction; `row` is locked. An access token that still works says nothing of a grant
 * that was withdrawn, nor a refreshed one of a mailbox that is gone: while the other half is in trouble, its status,
 * incident and next try stand, or every refresh would end an incident that the next call opens again (rule 11).
 */
export async function settleSuccess(
  tx: Transaction,
  row: ChannelRow,
  outcome: Pick<Outcome, 'credentialVersion' | 'tried'>,
  now: Date,
): Promise<ChannelRow> {
  const { credentialVersion, tried } = outcome;
  if (credentialVersion < row.credentialVersion) return row;
  const suspicion = row.suspicion?.tried === tried ? null : row.suspicion;
  const proved = { suspicion, ...(tried === 'access' ? { lastVerifiedAt: now } : {}) };
  if (tried === 'access') await clearTokenRefused(tx, row.id, credentialVersion);
  if (row.trouble !== null && row.trouble !== tried) return updateChannel(tx, row.id, proved);
  const healed = { failures: 0, trouble: null, retryAt: suspicion ? row.retryAt : null };
  return letHappen(tx, row, { type: 'worked', credentialVersion }, now, { ...healed, ...proved });
}

/**
 * A call was refused, or nothing answered. Decides whether to believe it (rule 5), and writes what follows: the
 * status, when to try again, a refresh to ask for. Returns the row, null when the channel is gone.
 */
export async function recordRefusal(
  context: Context,
  outcome: Outcome & { verdict: Verdict },
): Promise<ChannelRow | null> {
  const now = await context.clock.now();
  const changed = await context.database.inTenant(outcome.tenantId, async (tx) => {
    const row = await lockChannel(tx, outcome.channelId);
    if (!row || outcome.credentialVersion < row.credentialVersion) return row && { row, isNew: false };
    return settleRefusal(context, tx, row, outcome, now);
  });
  if (changed?.isNew) await context.temporal.lookAt(changed.row).catch(() => {}); // the reconcile finds the nudge
  return changed?.row ?? null;
}

async function settleRefusal(
  context: Context,
  tx: Transaction,
  row: ChannelRow,
  outcome: Outcome & { verdict: Verdict },
  now: Date,
): Promise<{ row: ChannelRow; isNew: boolean }> {
  const { verdict, credentialVersion, tried } = outcome;
  await notifyReaders(tx, row.id);
  if (verdict.tokenRefused) await markTokenRefused(tx, row.id, credentialVersion, now);
  const suspicion = suspect(row, outcome);
  if (!isBelieved(context, row, suspicion, outcome)) {
    const { capabilities, oauth } = context.providers.get(row.accessType)!;
    const needsNewerToken = tried === 'access' && oauth !== null;
    const gapMs = needsNewerToken && !verdict.vague ? 0 : capabilities.confirmations.gapMs;
    const waiting = await updateChannel(tx, row.id, {
      suspicion,
      retryAt: new Date(now.getTime() + gapMs),
      ...(needsNewerToken ? { refreshRequestedAt: now } : {}),
    });
    return { row: waiting, isNew: await nudge(tx, row.tenantId, row.id, now) };
  }
  const failures = row.failures + 1;
  const changed = await letHappen(tx, row, { type: 'refused', credentialVersion, verdict }, now, {
    failures,
    suspicion: null,
    trouble: tried,
    retryAt: retryTime(row, verdict, failures, now),
  });
  return { row: changed, isNew: false };
}

/** One more of the same refusal, or a first of another. */
function suspect(row: ChannelRow, { verdict, credentialVersion, tried }: Outcome & { verdict: Verdict }): Suspicion {
  const { suspicion } = row;
  if (suspicion?.kind === verdict.kind && suspicion.tried === tried)
    return { ...suspicion, times: suspicion.times + 1 };
  return { kind: verdict.kind, tried, times: 1, credentialVersion };
}

/**
 * Trouble nobody has to act on is believed at once. What sends somebody to act is believed when the provider said it
 * plainly of the credential itself; said vaguely, after spaced tries; said by an API, as is that it refuses a token,
 * when it says so again with a token refreshed after the first time. Believing too early sends a person to sign in for nothing; too late costs
 * minutes.
 */
function isBelieved(
  context: Context,
  row: ChannelRow,
  suspicion: Suspicion,
  { verdict, tried, credentialVersion }: Outcome & { verdict: Verdict },
): boolean {
  const { capabilities, oauth } = context.providers.get(row.accessType)!;
  const heldAgainstNewer = tried === 'credential' || oauth === null || credentialVersion > suspicion.credentialVersion;
  if (verdict.tokenRefused) return heldAgainstNewer;
  const target = statusAfter(verdict);
  if (target === 'degraded' || target === null) return true;
  if (verdict.vague && suspicion.times <= capabilities.confirmations.tries) return false;
  return heldAgainstNewer;
}

/** A refused password or grant is never tried again by itself; the rest is, with growing gaps. */
function retryTime(row: ChannelRow, verdict: Verdict, failures: number, now: Date): Date | null {
  const after = (ms: number) => new Date(now.getTime() + ms);
  switch (statusAfter(verdict)) {
    case 'degraded':
      return after(backoffMs(failures, verdict.retryAfterMs));
    case 'blocked':
      return after(blockedRetryMs(row.status === 'blocked' ? now.getTime() - row.statusSince.getTime() : 0));
    case 'reauth_required':
    case null:
      return null;
  }
}
