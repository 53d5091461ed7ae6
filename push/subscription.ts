import type { Context } from '../runtime/context.ts';
import { countOtherSubscribers } from '../db/across-tenants/subscribers.ts';
import { lockChannel, updateChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { insertEvent } from '../db/events/events.ts';
import {
  deleteSubscription,
  findSubscription,
  newSubscription,
  saveSubscription,
} from '../db/channels/subscriptions.ts';
import type { SubscriptionRow } from '../db/channels/subscriptions.ts';
import { BACKOFF, gapMs } from '../domain/backoff.ts';
import { jitterOf } from '../domain/schedule.ts';
import { actionOf, ProviderError } from '../domain/verdict.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { PushCapability, Session, Subscription } from '../providers/contract.ts';
import { openChannelSession, readAccess } from '../credentials/access.ts';
import type { ChannelAccess } from '../credentials/access.ts';
import { closing } from '../credentials/session.ts';
import { hashOfState } from './tell-channels.ts';

const RENEW_TIMEOUT_MS = 20_000;
/** Short: a disconnect has more to do, and the subscription expires by itself. */
const END_TIMEOUT_MS = 5_000;
const AFTER_REFRESH_MS = 1_000;
/** This many refusals in a row are lasting trouble. */
const FAILURES_TOLD = 4;

/** The provider may grant a very short life; renewals keep this distance. */
const SOONEST_RENEWAL_MS = 60_000;
/** The account cannot be subscribed to; an update of Mooring or the provider may change that. */
const UNSUPPORTED_RETRY_MS = 86_400_000;

type Outcome =
  | ({ is: 'standing' } & Subscription)
  | { is: 'ended' }
  | { is: 'unsupported' }
  | { is: 'needs_refresh' }
  | { is: 'refused'; verdict: Verdict };

/**
 * Makes, renews or ends a channel's subscription, as its import mode needs. Polls find news without it, so a failure
 * changes no status: it emits one event and is retried with growing gaps.
 */
export async function renewSubscription(
  context: Context,
  { tenantId, channelId }: { tenantId: string; channelId: string },
): Promise<void> {
  const access = await readAccess(context, tenantId, channelId);
  const push = access === 'gone' ? null : access.provider.capabilities.push;
  if (access === 'gone' || push === null) return;
  const previous = await readReference(context, access);
  const outcome = isWanted(access.channel)
    ? await atProvider(context, access, {
        work: (session) => subscribe(session, previous),
        timeoutMs: RENEW_TIMEOUT_MS,
      })
    : await endSubscription(context, access);
  const now = await context.clock.now();
  await context.database.inTenant(tenantId, async (tx) => {
    const row = await lockChannel(tx, channelId);
    // One of another access tells of nothing; it ends with that access.
    if (row?.accessVersion === access.channel.accessVersion)
      await record(tx, { row, before: access.channel, previous, push, outcome, now });
  });
}

/** The provider's id of the known subscription. */
async function readReference(context: Context, { channel }: ChannelAccess): Promise<string | null> {
  const known = await context.database.inTenant(channel.tenantId, (tx) => findSubscription(tx, channel.id));
  return known?.reference ?? null;
}

const isWanted = ({ importMode }: ChannelRow) => importMode === 'continuous';

/** Ends the subscription at the provider, unless it also serves another channel of the mailbox. */
export async function endSubscription(context: Context, access: ChannelAccess): Promise<Outcome> {
  const { push } = access.provider.capabilities;
  const shared = push?.sharedByMailbox && (await countOtherSubscribers(context.database, access.channel)) > 0;
  if (shared) return { is: 'ended' };
  const previous = await readReference(context, access);
  const work = (session: Session) => unsubscribe(session, previous);
  return atProvider(context, access, { work, timeoutMs: END_TIMEOUT_MS });
}

async function atProvider(
  context: Context,
  access: ChannelAccess,
  { work, timeoutMs }: { work: (session: Session) => Promise<Outcome>; timeoutMs: number },
): Promise<Outcome> {
  try {
    const session = await openChannelSession(context, access, AbortSignal.timeout(timeoutMs));
    if (session === 'needs_refresh') return { is: 'needs_refresh' };
    return await closing(session, work);
  } catch (error) {
    if (error instanceof ProviderError) return { is: 'refused', verdict: error.verdict };
    throw error;
  }
}

async function subscribe(session: Session, previous: string | null): Promise<Outcome> {
  if (!session.subscribe) return { is: 'unsupported' };
  return { is: 'standing', ...(await session.subscribe(previous)) };
}

async function unsubscribe(session: Session, previous: string | null): Promise<Outcome> {
  await session.unsubscribe?.(previous);
  return { is: 'ended' };
}

interface Recording {
  /** Locked. */
  row: ChannelRow;
  /** As it was when the provider was asked. */
  before: ChannelRow;
  /** The subscription that the provider was asked to renew. */
  previous: string | null;
  push: PushCapability;
  outcome: Outcome;
  now: Date;
}

async function record(tx: Transaction, recording: Recording): Promise<void> {
  const { row, outcome, now } = recording;
  const known = (await findSubscription(tx, row.id)) ?? newSubscription(row, now);
  switch (outcome.is) {
    case 'standing':
      return recordStanding(tx, { ...recording, known, standing: outcome });
    case 'unsupported':
      return saveSubscription(tx, newSubscription(row, new Date(now.getTime() + UNSUPPORTED_RETRY_MS)));
    case 'ended':
      if (isWanted(row)) return saveSubscription(tx, newSubscription(row, now));
      return deleteSubscription(tx, row.id);
    case 'needs_refresh':
      await updateChannel(tx, row.id, { refreshRequestedAt: now });
      return saveSubscription(tx, { ...known, renewAt: new Date(now.getTime() + AFTER_REFRESH_MS) });
    case 'refused':
      return noteRefusal(tx, { ...recording, known, verdict: outcome.verdict });
  }
}

async function recordStanding(
  tx: Transaction,
  recording: Recording & { known: SubscriptionRow; standing: Subscription },
): Promise<void> {
  const { row, before, previous, push, known, standing, now } = recording;
  const { reference, expiresAt } = standing;
  // A sign-in, another mode or the provider's end of it meanwhile: what stands rests on what is no more.
  const isStale =
    row.credentialVersion !== before.credentialVersion ||
    row.importMode !== before.importMode ||
    known.reference !== previous;
  const everyMs = Math.min(push.renewEveryMs, Math.max(SOONEST_RENEWAL_MS, (expiresAt.getTime() - now.getTime()) / 2));
  const renewAt = new Date(now.getTime() + (isStale ? 0 : everyMs * (1 - 0.1 * jitterOf(row.id))));
  // Pushes that named it before it was stored reached no channel.
  if (reference !== null && reference !== known.reference) await updateChannel(tx, row.id, { pollRequestedAt: now });
  if (known.failingSince) await tell(tx, row, 'subscription.restored', { expiresAt }, now);
  const stateHash = standing.state ? hashOfState(standing.state.reveal()) : known.stateHash;
  const renewed = { reference, stateHash, expiresAt, renewAt, failures: 0, failingSince: null };
  await saveSubscription(tx, { ...known, ...renewed });
}

async function noteRefusal(
  tx: Transaction,
  { row, known, verdict, now }: Recording & { known: SubscriptionRow; verdict: Verdict },
): Promise<void> {
  const failures = known.failures + 1;
  const renewAt = new Date(now.getTime() + gapMs(BACKOFF.renewal, failures, { retryAfterMs: verdict.retryAfterMs }));
  const isTold = known.failingSince === null && isWanted(row) && isWorthTelling({ ...known, failures }, verdict, now);
  if (isTold) {
    const { reason, providerCode } = verdict;
    await tell(tx, row, 'subscription.renewal_failed', { reason, providerCode, retryAt: renewAt }, now);
  }
  if (isDoubtfulOfAccess(verdict)) await updateChannel(tx, row.id, { checkRequestedAt: row.checkRequestedAt ?? now });
  const failingSince = isTold ? now : known.failingSince;
  await saveSubscription(tx, { ...known, renewAt, failures, failingSince });
}

/**
 * When a failure is reported: at once if it is the subscription's own. A failure that may pass, or that another alert
 * covers (the account's or the app's trouble, rule 11), is reported only when the channel has been without a
 * subscription for some time.
 */
function isWorthTelling({ expiresAt, failures }: SubscriptionRow, { reason }: Verdict, now: Date): boolean {
  if (reason === 'subscription_renewal_failed') return true;
  return failures >= FAILURES_TOLD && (expiresAt === null || expiresAt <= now);
}

/** The refusal may concern the whole channel: the channel's own check decides (rule 5). */
function isDoubtfulOfAccess({ kind, tokenRefused }: Verdict): boolean {
  return tokenRefused || (actionOf(kind) !== 'none' && kind !== 'misconfigured');
}

async function tell(
  tx: Transaction,
  { id, tenantId, accountEmail, accessType }: ChannelRow,
  type: 'subscription.renewal_failed' | 'subscription.restored',
  more: Record<string, unknown>,
  at: Date,
): Promise<void> {
  const data = { account: { email: accountEmail }, accessType, ...more };
  await insertEvent(tx, { tenantId, channelId: id, type, incidentId: null, data, at });
}
