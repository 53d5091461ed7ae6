import type { Context } from '../runtime/context.ts';
import { updateChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { ImportRow } from '../db/imports/imports.ts';
import { isUnserved } from '../db/channels/served.ts';
import type { Transaction } from '../db/client.ts';
import { lockWithCredential } from '../db/credentials/credentials.ts';
import type { CredentialRow } from '../db/credentials/credentials.ts';
import { listRunningImports } from '../db/imports/imports.ts';
import { takeNudge } from '../db/channels/nudges.ts';
import { issuerOf } from './issuer.ts';
import { fastestLookMs } from './pace.ts';
import { findDoubt } from '../db/credentials/refresh-attempts.ts';
import { findSubscription } from '../db/channels/subscriptions.ts';
import { findWatch, planLook, restWatch } from '../db/channels/watches.ts';
import type { WatchRow } from '../db/channels/watches.ts';
import type { SubscriptionRow } from '../db/channels/subscriptions.ts';
import type { ChannelView } from '../domain/workflow/channel-view.ts';
import { maskAddress } from '../domain/redaction/mask-address.ts';
import { passwordTryUntil } from '../domain/backoff.ts';
import { probeTime } from '../domain/doubt.ts';
import type { Doubt } from '../domain/doubt.ts';
import { nextDue, nextRefreshAt } from '../domain/due.ts';
import type { ChannelFacts } from '../domain/due.ts';
import { parseRotation } from '../domain/rotation.ts';
import { isSpent } from '../domain/schedule.ts';
import { isWatched } from '../domain/watch.ts';

/** The workflow that looks: `seq` grows with every wake, so that a straggler of an older wake writes nothing. */
export interface Looking {
  tenantId: string;
  channelId: string;
  /** 0: a new workflow, which continues above the row's number and any straggler's. */
  seq: number;
}

/**
 * Reads the row, takes the nudge, and says what is due; every wake of the workflow ends with it. The row is locked
 * first, as it is for every write of a fact: a nudge taken before its fact is committed would be lost.
 */
export async function lookAtChannel(context: Context, { tenantId, channelId, seq }: Looking): Promise<ChannelView> {
  const now = await context.clock.now();
  return context.database.inTenant(tenantId, async (tx) => {
    const [{ channel, credential }, , running, doubt, subscription, watch] = await Promise.all([
      lockWithCredential(tx, channelId),
      takeNudge(tx, channelId),
      listRunningImports(tx, channelId),
      findDoubt(tx, { channelId }),
      findSubscription(tx, channelId),
      findWatch(tx, channelId),
    ]);
    if (!channel) return GONE(now);
    const facts = factsOf(context, { channel, credential, running, doubt, subscription, now });
    const own = seq === 0 ? channel.workflowSeq + 2 : seq;
    const alone = (await leavesAlone(tx, channel, now)) ? ({ withoutProvider: true } as const) : {};
    const view = { ...viewOf(channel, credential, facts, now), ...alone, seq: own };
    if (own >= channel.workflowSeq) {
      await project(tx, channel, facts, view, now);
      await projectWatch(tx, channel, facts, { watch, now, paceMs: fastestLookMs(context, channel) });
    }
    return { ...view, importIds: running.map(({ id }) => id) };
  });
}

/** A disconnect has a day for its revocation; then, and where no worker can do it, the credential is shredded all the same. */
const LONGEST_DISCONNECT_MS = 25 * 3_600_000;

async function leavesAlone(tx: Transaction, channel: ChannelRow, now: Date): Promise<boolean> {
  if (channel.status !== 'disconnecting') return false;
  const since = channel.disconnectRequestedAt ?? now;
  if (now.getTime() - since.getTime() >= LONGEST_DISCONNECT_MS) return true;
  return isUnserved(tx, channel.accessType, now);
}

interface Rows {
  channel: ChannelRow;
  credential: CredentialRow | null;
  running: ImportRow[];
  doubt: Doubt | null;
  subscription: SubscriptionRow | null;
  now: Date;
}

function factsOf(context: Context, { channel, credential, running, doubt, subscription, now }: Rows): ChannelFacts {
  return {
    channelId: channel.id,
    status: channel.status,
    trouble: channel.trouble,
    suspected: channel.suspicion?.tried ?? null,
    retryAt: ms(channel.retryAt),
    waitsForCanary: channel.waitsFor !== null,
    refreshRequestedAt: ms(channel.refreshRequestedAt),
    checkRequestedAt: ms(channel.checkRequestedAt),
    pollRequestedAt: ms(channel.pollRequestedAt),
    nextPollAt: ms(channel.nextPollAt),
    nextAuditAt: ms(channel.nextAuditAt),
    importMode: channel.importMode,
    subscription: pushes(context, channel) ? { renewAt: ms(subscription?.renewAt ?? null) } : null,
    keepWarm: channel.keepWarm,
    importRunning: running.length > 0,
    cursorLaneTaken: running.some(({ state, movesCursor }) => state === 'running' && movesCursor),
    passwordRetryAt: channel.pausedAt === null ? (channel.passwordRetries?.nextAt ?? null) : null,
    token: tokenFacts(context, channel, credential),
    reminderAt: reminderTime(channel, now),
    probeAt: ms(probeTime(credential, doubt, now)),
  };
}

/** A try of the password may end the person's task: the reminder waits for its end. */
function reminderTime({ nextReminderAt, pausedAt, passwordRetries }: ChannelRow, now: Date): number | null {
  if (nextReminderAt === null || pausedAt !== null) return null;
  return Math.max(nextReminderAt.getTime(), passwordTryUntil(passwordRetries, now.getTime()) ?? 0);
}

const pushes = (context: Context, { accessType }: ChannelRow) =>
  Boolean(context.providers.get(accessType)?.capabilities.push);

function tokenFacts(context: Context, channel: ChannelRow, credential: CredentialRow | null): ChannelFacts['token'] {
  if (!credential?.expiresAt || !credential.issuedAt) return null;
  const { mode } = parseRotation(credential.rotation);
  return {
    issuedAt: credential.issuedAt.getTime(),
    expiresAt: credential.expiresAt.getTime(),
    refused: credential.accessTokenRefusedAt !== null,
    strict: mode === 'strict' || mode === 'unproven',
    recovered: endedTrouble(channel, credential.issuedAt),
    keepAliveMs: keepAliveMs(context, channel, credential),
  };
}

const DAY_MS = 86_400_000;

/**
 * A grant that its provider ends unused, or that each refresh prolongs, is refreshed when half of its life is over at the
 * latest; one that is told its end, once a day at most.
 */
function keepAliveMs(context: Context, { accessType }: ChannelRow, credential: CredentialRow): number {
  const declaredMs = context.providers.get(accessType)?.capabilities.keepAliveMs ?? DAY_MS;
  const { grantEndsAt, issuedAt, rotation, oauthProvider } = credential;
  const { unusedLifeMs = Infinity } = issuerOf(context, accessType, oauthProvider) ?? {};
  const ownMs = Math.min(declaredMs, unusedLifeMs / 2);
  if (!grantEndsAt || !issuedAt || parseRotation(rotation).mode === 'none') return ownMs;
  return Math.min(ownMs, Math.max(DAY_MS, (grantEndsAt.getTime() - issuedAt.getTime()) / 2));
}

/** How long after its token a channel that it brought back is `connected`, in ms. */
const RECOVERS_WITHIN_MS = 60_000;

/** Whether the status changed with the token; a new channel has had no other. */
function endedTrouble({ statusSince, createdAt }: ChannelRow, issuedAt: Date): boolean {
  const afterMs = statusSince.getTime() - issuedAt.getTime();
  return statusSince > createdAt && afterMs >= 0 && afterMs < RECOVERS_WITHIN_MS;
}

function viewOf(
  channel: ChannelRow,
  credential: CredentialRow | null,
  facts: ChannelFacts,
  now: Date,
): Omit<ChannelView, 'seq'> {
  return {
    now: now.getTime(),
    ended: channel.status === 'disconnected',
    accessType: channel.accessType,
    ...(channel.serverKey === '' ? {} : { server: channel.serverKey }),
    status: channel.status,
    reason: channel.statusReason,
    action: channel.action,
    since: channel.statusSince.getTime(),
    credentialVersion: channel.credentialVersion,
    tokenExpiresAt: ms(credential?.expiresAt ?? null),
    coveredUntil: ms(channel.coveredUntil),
    account: maskAddress(channel.accountEmail),
    due: nextDue(facts, now.getTime()),
    importIds: [],
  };
}

/** Stores the schedule, for the API and for the reconcile, which finds stuck channels by it. */
async function project(
  tx: Transaction,
  channel: ChannelRow,
  facts: ChannelFacts,
  view: ChannelView,
  now: Date,
): Promise<void> {
  const refreshAt = nextRefreshAt(facts, now.getTime());
  await updateChannel(tx, channel.id, {
    workflowSeq: view.seq,
    // Without a due deed nothing can be late: the next fact signals the workflow.
    nextDueAt: view.ended || view.due === null ? null : new Date(view.due.at),
    overdueSignals: 0,
    nextRefreshAt: refreshAt === null ? null : new Date(refreshAt),
  });
}

/**
 * Hands the channel over to the listeners, or takes it from them. A look that waited for a token is due as soon as there is
 * one.
 */
async function projectWatch(
  tx: Transaction,
  channel: ChannelRow,
  facts: ChannelFacts,
  { watch, now, paceMs }: { watch: WatchRow | null; now: Date; paceMs: number },
): Promise<void> {
  if (!isWatched(facts)) {
    if (watch !== null && watch.nextLookAt !== null) await restWatch(tx, channel.id);
    return;
  }
  const hasToken = !isSpent(facts.token, now.getTime());
  const isDue = watch === null || watch.nextLookAt === null || (watch.waitsSince !== null && hasToken);
  if (isDue) await planLook(tx, channel, { nextLookAt: now, intervalMs: watch?.intervalMs ?? paceMs, watchedAt: null });
}

const ms = (time: Date | null) => time?.getTime() ?? null;

const GONE = (now: Date): ChannelView => ({
  now: now.getTime(),
  seq: 0,
  ended: true,
  status: 'disconnected',
  reason: null,
  action: 'none',
  since: now.getTime(),
  credentialVersion: 0,
  tokenExpiresAt: null,
  coveredUntil: null,
  account: '',
  due: null,
  importIds: [],
});
