import type { ChannelRow } from '../../db/channels/channels.ts';
import type { Transaction } from '../../db/client.ts';
import { queueMissedMail } from '../../channels/missed-mail.ts';
import type { AsidePart } from '../../credentials/heads.ts';
import { VOID_CURSOR, deleteCursors, insertCursors } from '../../db/imports/cursors.ts';
import { findQuarantineBeginning, leaveQuarantine } from '../../db/imports/quarantine.ts';
import { findUnfinishedBeginning, returnToLane } from '../../db/imports/owed.ts';
import { forgetPartsAside, putPartsAside } from '../../db/imports/parts-aside.ts';
import { restartScopes } from '../../db/imports/scopes.ts';
import { forgetSetAside } from '../../db/imports/set-aside.ts';
import { findLastReceived } from '../../db/messages/messages.ts';
import { refusedGapMs } from '../../domain/backoff.ts';
import { earliest, later } from '../../imports/heads.ts';

/** A part of the account at the new access. */
interface Part {
  scope: string;
  name: string | null;
}

/** Where the channel's mail is from now on. */
export interface NewPlace {
  parts: readonly Part[];
  /** Parts whose position could not be taken. */
  aside: readonly AsidePart[];
  /** How far the dates of the new access may be off (`Capabilities.windowOverlapMs`). */
  overlapMs: number;
}

/**
 * The mail is at another place, whose ids are new but may equal old ones by chance: no message is recognised by its id any
 * more (`credentials/sessions/marked-generations.ts`), only by headers and content. No part is a new one there, all of whose mail
 * counts: every part is listed by its dates, from before the last stored message on.
 */
export async function leaveAccount(tx: Transaction, channel: ChannelRow, place: NewPlace, now: Date): Promise<void> {
  const { id: channelId, tenantId, importMode } = channel;
  const windowFrom = await openGap(tx, channel, place.overlapMs);
  await deleteCursors(tx, channelId);
  await forgetPartsAside(tx, channelId);
  if (importMode !== 'off') {
    const named = place.parts.map(({ scope, name }) => ({ scope, name, cursor: VOID_CURSOR }));
    await insertCursors(tx, { tenantId, channelId, now }, named);
    const afterGap = new Date(now.getTime() + refusedGapMs(0));
    await putPartsAside(
      tx,
      place.aside.map(({ scope, name, reason, asked }) => {
        return { channelId, tenantId, scope, name, reason, since: now, retryAt: asked ? afterGap : now };
      }),
    );
  }
  await returnToLane(tx, channelId, now);
  await restartScopes(tx, channelId);
  await forgetSetAside(tx, channelId);
  await leaveQuarantine(tx, channelId);
  await queueMissedMail(tx, channel, { windowFrom, cause: 'access_changed' }, now);
}

/** A message or two may come to the old place long after people write to the new one. */
const STRAY_MS = 30 * 24 * 3_600_000;

/**
 * From when on mail may have gone to the new place alone: some weeks before the last message of the old one, which may be a
 * stray. What is stored of that time is known again. In gap mode the product has the mail that was covered. An import that has
 * not ended may have begun earlier, and so may one that waits for a part or a message, whose ids mean nothing any more.
 */
async function openGap(tx: Transaction, channel: ChannelRow, overlapMs: number): Promise<Date | null> {
  const { coveredUntil, importMode, createdAt } = channel;
  if (coveredUntil === null) return coveredUntil;
  const unfinished = (await findUnfinishedBeginning(tx, channel.id)) ?? coveredUntil;
  const quarantined = (await findQuarantineBeginning(tx, channel.id)) ?? coveredUntil;
  const begun = earliest([coveredUntil, unfinished, quarantined]) ?? coveredUntil;
  if (importMode === 'gap') return begun;
  const owned = channel.ownedFrom ?? createdAt;
  const last = (await findLastReceived(tx, channel.id)) ?? owned;
  const from = earliest([last, coveredUntil]) ?? coveredUntil;
  return earliest([begun, later(owned, new Date(from.getTime() - Math.max(overlapMs, STRAY_MS)))]);
}
