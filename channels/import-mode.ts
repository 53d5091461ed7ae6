import type { ImportMode } from '../domain/access-type.ts';
import type { ChannelRow, updateChannel } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { deleteCursors } from '../db/imports/cursors.ts';
import { findRunningImport, queueImport } from '../db/imports/imports.ts';
import { isOwing } from '../db/imports/owed.ts';
import { forgetSetAside } from '../db/imports/set-aside.ts';
import { planRenewal } from '../db/channels/subscriptions.ts';
import { LEFT, REFRESHABLE, isOneOf } from '../domain/channel.ts';

/**
 * How far before the change a channel that was `off` begins, in ms: the provider's clock may be behind ours. Too much
 * imports unwanted mail; too little loses promised mail. Mail from before the channel's own beginning stays out.
 */
const BEGIN_MARGIN_MS = 2 * 3_600_000;

/**
 * The values that a change of mode writes; the caller has locked the row and writes them in the same transaction.
 *
 * The promise of the old mode is kept: leaving `continuous` imports everything up to now, leaving `gap` imports the
 * open gap. The promise of the new mode begins with the change: a channel that was `off` begins now, not where it once
 * stopped; a channel that was `gap` continues at its cursor, which was kept up.
 */
export async function changeImportMode(
  tx: Transaction,
  channel: ChannelRow,
  to: ImportMode,
  now: Date,
): Promise<Parameters<typeof updateChannel>[2]> {
  const { importMode: from, status } = channel;
  if (from === to) return {};
  await planRenewal(tx, channel.id, now); // made or ended, as the new mode needs
  const isLeft = isOneOf(LEFT, status);
  const isBroken = !isOneOf(REFRESHABLE, status);
  if (!isLeft && (from === 'continuous' || (from === 'gap' && to === 'off' && isBroken))) {
    await bringWhatWasPromised(tx, channel, isBroken, now);
  }
  const values = { importMode: to, ...(to === 'off' ? {} : { nextPollAt: now }) };
  if (from === 'off' && !(await isStillPromised(tx, channel.id))) {
    await deleteCursors(tx, channel.id);
    await forgetSetAside(tx, channel.id);
    const { coveredUntil, createdAt } = channel;
    const ownedFrom = later(new Date(now.getTime() - BEGIN_MARGIN_MS), channel.ownedFrom ?? createdAt);
    return { ...values, ownedFrom, coveredUntil: later(ownedFrom, coveredUntil ?? ownedFrom) };
  }
  return from === 'gap' ? { ...values, ownedFrom: channel.coveredUntil ?? now } : values;
}

/** An import from before the channel was switched off still runs, in the lane or beside it: its cursors and its mail stay. */
async function isStillPromised(tx: Transaction, channelId: string): Promise<boolean> {
  return (await findRunningImport(tx, channelId)) !== null || isOwing(tx, channelId);
}

/** Imports up to the listing, a little after the change: in doubt a message is imported. */
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
