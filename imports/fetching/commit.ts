import type { Transaction } from '../../db/client.ts';
import { newId } from '../../db/ids.ts';
import { ABSENT, MAX_TRIES, writeItems } from '../../db/imports/items.ts';
import type { NewImportItem } from '../../db/imports/items.ts';
import { deleteContent } from '../../db/messages/content.ts';
import { findKnownMessages, findTwins, insertMessages } from '../../db/messages/messages.ts';
import type { KnownMessage, MessageTwin, NewLocation, NewMessage } from '../../db/messages/messages.ts';
import { belongsToWindow, countsAsHad } from '../../domain/import-window.ts';
import type { ListedItem } from '../../providers/contract.ts';
import { keyOf } from './keys.ts';
import type { Haul, NewArrival } from './fetch.ts';
import { ImportOvertaken } from '../import-run.ts';
import type { PageWork, Stretch } from '../import-run.ts';

/** What an earlier look at a message has left. */
export interface EarlierLook {
  /** Failed tries that count. */
  tries: number;
  /** Since when the provider has not had it; null: it was not looked for, or failed otherwise. */
  absentSince: Date | null;
}

/** A message that is absent at two looks this far apart is gone, in ms. One answer may be wrong. */
export const GONE_AFTER_MS = 10_000;

interface Catch {
  work: PageWork;
  known: KnownMessage[];
  earlier: Map<string, EarlierLook>;
  haul: Haul;
  /** Emptied places of this folder: their messages may have come back under new ids. */
  emptied: ListedItem[];
  /** Messages from here on were missed; null: no gap is being closed. */
  gapFrom: Date | null;
  now: Date;
}

/** The rows of one page. */
interface PageRows {
  messages: NewMessage[];
  locations: NewLocation[];
  items: NewImportItem[];
  /** Content without a message. */
  surplus: string[];
}

/**
 * Writes a haul in the caller's transaction, which has locked the channel. Returns how many messages became visible.
 */
export async function commitHaul(tx: Transaction, { importId }: Stretch, caught: Catch): Promise<number> {
  const { work, haul, now } = caught;
  const rows: PageRows = { messages: [], locations: [], items: [], surplus: [] };
  for (const known of caught.known) noteHad(rows, caught, known, known);
  for (const { item, reason } of haul.skipped) {
    if (reason === 'gone') noteAbsence(rows, caught, item);
    else rows.items.push(itemRow(caught, item, { outcome: 'skipped', skipReason: reason }));
  }
  for (const { item, code } of haul.failed) noteFailure(rows, caught, item, { reason: 'unfetchable', code });
  for (const item of haul.unanswered) noteFailure(rows, caught, item, { reason: null, code: 'no_answer' });
  await placeArrivals(tx, rows, caught);
  await insertMessages(tx, rows.messages, rows.locations);
  await writeItems(tx, rows.items);
  await deleteContent(tx, rows.surplus);
  if (haul.complete && !(await work.advance(tx, now))) throw new ImportOvertaken(importId);
  return rows.messages.length;
}

/**
 * Decides about each fetched message: already known at this place, equal to a stored one at another place (matched one
 * to one), outside the window, or new.
 */
async function placeArrivals(tx: Transaction, rows: PageRows, caught: Catch): Promise<void> {
  const { work, haul } = caught;
  const { channelId } = work.row;
  const { scope } = work.scope;
  const ids = haul.arrivals.map(({ item }) => item);
  const known = new Map(
    (await findKnownMessages(tx, { channelId, scope }, ids)).map((message) => [keyOf(message), message]),
  );
  for (const [generation, arrivals] of Map.groupBy(haul.arrivals, ({ item }) => item.generation)) {
    const fingerprints = [...new Set(arrivals.map(({ fingerprint }) => fingerprint))];
    const twins = await findTwins(tx, { channelId, scope, generation }, fingerprints, caught.emptied);
    for (const arrival of arrivals) place(rows, caught, arrival, known.get(keyOf(arrival.item)), twins);
  }
}

function place(
  rows: PageRows,
  caught: Catch,
  arrival: NewArrival,
  known: KnownMessage | undefined,
  twins: MessageTwin[],
): void {
  const { item, contentId } = arrival;
  const twinAt = twins.findIndex(({ fingerprint }) => fingerprint === arrival.fingerprint);
  if (known) {
    rows.surplus.push(contentId);
    noteHad(rows, caught, item, known);
  } else if (twinAt >= 0) {
    const [twin] = twins.splice(twinAt, 1) as [MessageTwin];
    rows.surplus.push(contentId);
    rows.locations.push(locationRow(caught, item, twin.id));
    noteHad(rows, caught, item, { messageId: twin.id, receivedAt: twin.receivedAt });
  } else if (belongsToWindow(arrival.receivedAt, caught.work.facts)) {
    const message = messageRow(caught, arrival);
    rows.messages.push(message);
    rows.locations.push(locationRow(caught, item, message.id));
    rows.items.push(itemRow(caught, item, { outcome: 'imported', messageId: message.id }));
  } else {
    rows.surplus.push(contentId);
    if (caught.work.stage === 'retrying') {
      rows.items.push(itemRow(caught, item, { outcome: 'skipped', skipReason: 'outside_window' }));
    }
  }
}

/** A stored message counts in the receipt only if it belongs to the window. */
function noteHad(rows: PageRows, caught: Catch, item: ListedItem, had: { messageId: string; receivedAt: Date }): void {
  const retried = caught.work.stage === 'retrying';
  if (!retried && !countsAsHad(had.receivedAt, caught.work.facts)) return;
  rows.items.push(itemRow(caught, item, { outcome: 'already_had', messageId: had.messageId }));
}

/**
 * An absence is an answer like any other, and may be wrong: the message is looked for again before it counts as gone.
 */
function noteAbsence(rows: PageRows, { now, ...caught }: Catch, item: ListedItem): void {
  const { tries, absentSince } = caught.earlier.get(keyOf(item)) ?? { tries: 0, absentSince: null };
  const isGone = absentSince !== null && now.getTime() - absentSince.getTime() >= GONE_AFTER_MS;
  const look = { tries: Math.max(tries, 1), lastError: ABSENT, triedAt: absentSince ?? now };
  rows.items.push(itemRow({ now, ...caught }, item, isGone ? { outcome: 'skipped', skipReason: 'gone' } : look));
}

/** `reason` null: the provider never gave one. Then the message is not quarantined but counts as missing at the end. */
function noteFailure(
  rows: PageRows,
  caught: Catch,
  item: ListedItem,
  { reason, code }: { reason: string | null; code: string },
): void {
  const tries = (caught.earlier.get(keyOf(item))?.tries ?? 0) + 1;
  const quarantined = reason !== null && tries >= MAX_TRIES;
  const failure = { tries, lastError: code, triedAt: caught.now };
  rows.items.push(
    itemRow(caught, item, quarantined ? { outcome: 'skipped', skipReason: reason, ...failure } : failure),
  );
}

function itemRow({ work, now }: Catch, item: ListedItem, values: Partial<NewImportItem>): NewImportItem {
  return {
    importId: work.row.id,
    scope: work.scope.scope,
    generation: item.generation,
    providerId: item.providerId,
    channelId: work.row.channelId,
    tenantId: work.row.tenantId,
    repaired: work.stage === 'comparing',
    listedAt: now,
    ...values,
  };
}

function locationRow({ work }: Catch, item: ListedItem, messageId: string): NewLocation {
  const { channelId, tenantId } = work.row;
  const { generation, providerId } = item;
  return { channelId, tenantId, scope: work.scope.scope, generation, providerId, messageId };
}

/** A missed message is marked as backfilled by any import that stores it first. */
const isInGap = ({ receivedAt }: NewArrival, gapFrom: Date | null) => gapFrom !== null && receivedAt >= gapFrom;

function messageRow({ work, gapFrom, now }: Catch, arrival: NewArrival): NewMessage {
  const { row } = work;
  const { messageId, subject, sender, recipients, date } = arrival.headers;
  return {
    id: newId('msg'),
    tenantId: row.tenantId,
    channelId: row.channelId,
    providerId: arrival.providerId,
    mediaType: arrival.mediaType,
    revision: arrival.revision,
    folder: arrival.folder,
    messageId,
    subject,
    sender,
    recipients,
    date,
    receivedAt: arrival.receivedAt,
    size: arrival.size,
    backfilled: row.backfill || work.facts.reason === 'fallback' || isInGap(arrival, gapFrom),
    importId: row.id,
    contentId: arrival.contentId,
    fingerprint: arrival.fingerprint,
    storedAt: now,
  };
}
