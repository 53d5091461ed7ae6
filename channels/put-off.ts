import type { Context } from '../runtime/context.ts';
import { findCredentialState, notifyReaders } from '../db/credentials/credentials.ts';
import { lockChannel, updateChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { findSubscription, newSubscription, saveSubscription } from '../db/channels/subscriptions.ts';
import type { Deed } from '../domain/due.ts';
import { BACKOFF, gapMs } from '../domain/backoff.ts';
import type { Backoff } from '../domain/backoff.ts';
import { WORKING, isOneOf } from '../domain/channel.ts';
import { servedUntilMs } from '../domain/schedule.ts';
import { verdict } from '../domain/verdict-builders.ts';
import { letHappen } from './happenings.ts';

/**
 * Puts off a deed that did not end in time for a reason of our own: no free worker, or an error that is no provider's
 * answer. The gaps grow, so that the channel's other deeds run meanwhile: a mailbox that our code cannot read must not
 * cost its channel the token.
 */
export async function putOffDeed(
  context: Context,
  { tenantId, channelId, deed }: { tenantId: string; channelId: string; deed: Deed },
): Promise<void> {
  const now = await context.clock.now();
  context.logger.error({ channelId, deed }, 'A deed did not end in time and is put off');
  await context.database.inTenant(tenantId, async (tx) => {
    const row = await lockChannel(tx, channelId);
    if (row && deed === 'renew') await putOffRenewal(tx, row, now);
    else if (row && deed === 'refresh') await putOffRefresh(tx, row, now);
    else if (row) await updateChannel(tx, channelId, nextTry(row, deed, now));
  });
}

/**
 * A channel whose access token is spent is degraded from now on, because no reader can get one. One whose token still lives
 * is tried again at its end at the latest, to say so then.
 */
async function putOffRefresh(tx: Transaction, row: ChannelRow, now: Date): Promise<void> {
  const values = nextTry(row, 'refresh', now);
  const servedUntil = servedUntilMs(await findCredentialState(tx, row.id), now);
  if (servedUntil !== null && servedUntil > now.getTime()) {
    const retryAt = new Date(Math.min(values.retryAt?.getTime() ?? Infinity, servedUntil));
    await updateChannel(tx, row.id, { ...values, retryAt });
    return;
  }
  await notifyReaders(tx, row.id);
  if (!isOneOf(WORKING, row.status)) {
    await updateChannel(tx, row.id, values);
    return;
  }
  const { credentialVersion } = row;
  const outage = verdict('transient', 'provider_unavailable');
  await letHappen(tx, row, { type: 'refused', credentialVersion, verdict: outage }, now, values);
}

/**
 * A refresh that was turned away, because others of its tenant or server hang. It counts as no failure, but no reader can
 * get a token once the old one is spent: the channel is degraded from then on.
 */
export async function noteCrowdedRefresh(
  context: Context,
  { tenantId, channelId }: { tenantId: string; channelId: string },
): Promise<void> {
  const now = await context.clock.now();
  await context.database.inTenant(tenantId, async (tx) => {
    const row = await lockChannel(tx, channelId);
    if (!row || !isOneOf(WORKING, row.status)) return;
    const servedUntil = servedUntilMs(await findCredentialState(tx, row.id), now);
    if (servedUntil !== null && servedUntil > now.getTime()) return;
    await notifyReaders(tx, row.id);
    if (row.trouble === 'credential') return;
    const retryAt = new Date(now.getTime() + gapMs(BACKOFF.crowded, 1, { spreadBy: row.id }));
    const { credentialVersion } = row;
    const outage = verdict('transient', 'provider_unavailable');
    const values = { retryAt, trouble: 'credential' } as const;
    await letHappen(tx, row, { type: 'refused', credentialVersion, verdict: outage }, now, values);
  });
}

async function putOffRenewal(tx: Transaction, row: ChannelRow, now: Date): Promise<void> {
  const known = (await findSubscription(tx, row.id)) ?? newSubscription(row, now);
  await saveSubscription(tx, { ...known, renewAt: new Date(now.getTime() + gapMs(BACKOFF.routinePutOff, 1)) });
}

function nextTry(row: ChannelRow, deed: Deed, now: Date): Partial<Omit<ChannelRow, 'status'>> {
  const failures = row.failures + 1;
  const after = (backoff: Backoff) => new Date(now.getTime() + gapMs(backoff, failures));
  switch (deed) {
    case 'refresh':
      return { failures, retryAt: after(BACKOFF.putOff), trouble: 'credential' };
    case 'disconnect':
      return { failures, retryAt: after(BACKOFF.putOff) };
    case 'check': {
      // The request stays: a security event, which comes once, waits for its check.
      const retryAt = after(BACKOFF.putOff);
      return { failures, retryAt, checkRequestedAt: row.checkRequestedAt && retryAt };
    }
    case 'poll':
      return { failures, nextPollAt: after(BACKOFF.pollPutOff), pollRequestedAt: null, importState: 'stalled' };
    case 'audit':
      return { nextAuditAt: after(BACKOFF.routinePutOff) };
    case 'remind':
      return { nextReminderAt: after(BACKOFF.routinePutOff) };
    case 'renew':
    case 'look':
      return {};
  }
}
