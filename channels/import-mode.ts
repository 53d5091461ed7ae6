import type { ImportMode } from '../domain/access-type.ts';
import type { ChannelRow, updateChannel } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { deleteCursors } from '../db/imports/cursors.ts';
import { findRunningImport, queueImport } from '../db/imports/imports.ts';
import { forgetSetAside } from '../db/imports/set-aside.ts';
import { planRenewal } from '../db/channels/subscriptions.ts';

/**
 * How far before the change a channel begins that imported nothing until then, in ms: the provider's clock may be behind
 * ours. Too much brings mail that nobody asked for; too little loses mail that was promised. What was not the channel's
 * before, by the provider's clock, does not become so.
 */
const BEGIN_MARGIN_MS = 2 * 3_600_000;

/**
 * What a change of mode makes of a channel; the caller holds its row, and writes the values in the same transaction.
 *
 * What the old mode had promised is still brought: leaving `continuous`, everything up to now; leaving `gap`, the gap
 * that is open. What the new one promises begins with the change: a channel that was `off` begins at its present end,
 * and not where it once stopped; one that only minded gaps goes on at its cursor, which has been kept up.
 */
export async function changeImportMode(
  tx: Transaction,
  channel: ChannelRow,
  to: ImportMode,
  now: Date,
): Promise<Parameters<typeof updateChannel>[2]> {
  const { importMode: from, status } = channel;
  if (from === to) return {};
  await planRenewal(tx, channel.id, now); // begun, or ended, as the new mode wants it
  const isLeft = status === 'disconnecting' || status === 'disconnected';
  const isBroken = status !== 'connected' && status !== 'degraded' && status !== 'paused';
  if (!isLeft && (from === 'continuous' || (from === 'gap' && to === 'off' && isBroken))) {
    await bringWhatWasPromised(tx, channel, isBroken, now);
  }
  const values = { importMode: to, ...(to === 'off' ? {} : { nextPollAt: now }) };
  // Still at what it had promised before it was switched off: then it was never off, as far as its cursor goes.
  if (from === 'off' && (await findRunningImport(tx, channel.id)) === null) {
    await deleteCursors(tx, channel.id);
    await forgetSetAside(tx, channel.id);
    const { coveredUntil, createdAt } = channel;
    const ownedFrom = later(new Date(now.getTime() - BEGIN_MARGIN_MS), channel.ownedFrom ?? createdAt);
    return { ...values, ownedFrom, coveredUntil: later(ownedFrom, coveredUntil ?? ownedFrom) };
  }
  return from === 'gap' ? { ...values, ownedFrom: channel.coveredUntil ?? now } : values;
}

/** Up to the moment it is listed, which is a little after the change: what is in doubt is imported. */
async function bringWhatWasPromised(tx: Transaction, channel: ChannelRow, backfill: boolean, now: Date): Promise<void> {
  const { id: channelId, tenantId, coveredUntil: windowFrom } = channel;
  await queueImport(tx, {
    tenantId,
    channelId,
    cause: 'poll',
    windowFrom,
    windowTo: null,
    movesCursor: true,
    backfill,
    now,
  });
}

const later = (one: Date, other: Date) => (one > other ? one : other);
