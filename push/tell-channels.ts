import { createHash } from 'node:crypto';
import { inWakingTransaction } from '../channels/wake.ts';
import { listChannelsToTell, listSubscribersToTell } from '../db/across-tenants/subscribers.ts';
import { lockChannel } from '../db/channels/channels.ts';
import { findSubscription } from '../db/channels/subscriptions.ts';
import type { Transaction } from '../db/client.ts';
import { listCursors } from '../db/imports/cursors.ts';
import type { AccessType } from '../domain/access-type.ts';
import type { PushedItem, PushTarget } from '../providers/contract.ts';
import type { Context } from '../runtime/context.ts';
import { inTurn } from './in-turn.ts';
import { writeFacts } from './write-facts.ts';

/** `known`: everything up to this news is already stored. */
export type Told = PushedItem['kind'] | 'known' | 'unknown_mailbox' | 'unknown_subscription' | 'forged';

/** Writes pushes as facts; one per process, for all of its requests. */
export type TellChannels = (accessType: AccessType, items: readonly PushedItem[]) => Promise<Told[]>;

/**
 * Writes a push as a fact and a nudge for every channel that it concerns, in every tenant. A push that is late, doubled
 * or for a disconnected channel is acknowledged too: refused, it would be repeated for days. Pushes about one target that
 * come together are one write, so that a storm about one mailbox does not queue for its row.
 */
export function createTellChannels(context: Context): TellChannels {
  const tellTarget = inTurn<TargetedItem, Told[]>((_key, items) => tell(context, items));
  return async (accessType, items) => {
    const byTarget = Map.groupBy(items, ({ about }) => JSON.stringify([accessType, about]));
    const told = [...byTarget].map(([key, all]) =>
      tellTarget(
        key,
        all.map((item) => ({ accessType, item })),
      ),
    );
    return (await Promise.all(told)).flat();
  };
}

interface TargetedItem {
  accessType: AccessType;
  item: PushedItem;
}

/** Items of one target. */
async function tell(context: Context, targeted: readonly TargetedItem[]): Promise<Told[]> {
  const [first] = targeted;
  if (!first) return [];
  const { about } = first.item;
  const items = targeted.map(({ item }) => item);
  const found = await findChannels(context, first.accessType, about);
  const told = await Promise.all(found.map((channel) => tellChannel(context, channel, about, items)));
  if (told.length === 0) return ['mailboxKey' in about ? 'unknown_mailbox' : 'unknown_subscription'];
  const outcomes = new Set(told.flat());
  // News to one channel may already be stored by another.
  return [...outcomes].filter((outcome) => outcome !== 'known' || outcomes.size === 1);
}

function findChannels({ database }: Context, accessType: AccessType, about: PushTarget) {
  const key = 'mailboxKey' in about ? about.mailboxKey : about.reference;
  // PostgreSQL cannot store it, so no channel has it.
  if (key.includes('\0') || !key.isWellFormed()) return [];
  return 'mailboxKey' in about
    ? listChannelsToTell(database, { accessType, mailboxKey: about.mailboxKey })
    : listSubscribersToTell(database, { accessType, reference: about.reference });
}

async function tellChannel(
  context: Context,
  { channelId, tenantId }: { channelId: string; tenantId: string },
  about: PushTarget,
  items: readonly PushedItem[],
): Promise<Told[]> {
  const told = await inWakingTransaction<Told[]>(context, tenantId, async ({ tx, now, wake }) => {
    const news = await takeNews(tx, channelId, items);
    const channel = news.length > 0 ? await lockChannel(tx, channelId) : null;
    if (channel === null) return ['known'];
    if (!(await isAuthentic(tx, channelId, about))) return ['forged'];
    for (const kind of news) await writeFacts({ tx, now, wake }, channel, kind);
    return news;
  });
  if (told.includes('forged')) context.logger.warn({ channelId }, 'A push did not repeat its state');
  return told;
}

/** The news that is not stored yet, each kind once. */
async function takeNews(
  tx: Transaction,
  channelId: string,
  items: readonly PushedItem[],
): Promise<PushedItem['kind'][]> {
  const cursors = await listCursors(tx, channelId);
  const isNew = (item: PushedItem) =>
    item.kind !== 'news' || cursors.length === 0 || cursors.some(({ cursor }) => item.isAfter?.(cursor) ?? true);
  return [...new Set(items.filter((item) => isNew(item)).map(({ kind }) => kind))];
}

/** An id may be known to others; the state was given to the provider alone. */
async function isAuthentic(tx: Transaction, channelId: string, about: PushTarget): Promise<boolean> {
  if ('mailboxKey' in about) return true;
  const subscription = await findSubscription(tx, channelId);
  if (subscription === null) return false;
  return subscription.stateHash === null || subscription.stateHash === hashOfState(about.state ?? '');
}

export function hashOfState(state: string): string {
  return createHash('sha256').update(state).digest('hex');
}
