import { lockChannel, updateChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { findSubscription } from '../db/channels/subscriptions.ts';
import { findWatch, restWatch, settleLook } from '../db/channels/watches.ts';
import type { WatchRow } from '../db/channels/watches.ts';
import type { Transaction } from '../db/client.ts';
import { listCursors } from '../db/imports/cursors.ts';
import { findRunningImport } from '../db/imports/imports.ts';
import { paceLimits } from '../channels/pace.ts';
import { changeChannel } from '../channels/wake.ts';
import { findCredentialState } from '../db/credentials/credentials.ts';
import { findAccess, openChannelSession } from '../credentials/access.ts';
import type { ChannelAccess } from '../credentials/access.ts';
import { recordRefusal } from '../credentials/outcomes.ts';
import { closing } from '../credentials/session.ts';
import { ProviderError } from '../domain/verdict.ts';
import { auditDueAt, isWatched, nextIntervalMs, nextLookAt } from '../domain/watch.ts';
import { nextAuditAt } from '../imports/audit.ts';
import { seesNothingMissed } from '../imports/audit-question.ts';
import { ImportOvertaken } from '../imports/import-run.ts';
import { askForNews, isWhole } from '../imports/news.ts';
import type { Answer } from '../imports/news.ts';
import { isAnythingDue } from '../imports/poll.ts';
import type { Context } from '../runtime/context.ts';

/** How long one look may take; the workflow's poll is more patient. */
export const LOOK_MS = 20_000;
/** A look that begins so late ends within its listener's lease, which is not written again. Later, any listener looks. */
const LATE_MS = 60_000;
/** Time to list the pages that hold no message. */
const LISTING_MS = 10_000;
const HOUR_MS = 3_600_000;
/** A look without a fresh token waits for the next refresh, and asks for one itself after this. */
const TOKEN_PATIENCE_MS = HOUR_MS;
/** The same where the product's own sync has the messages: a token that no reader asks for is not refreshed for a look. */
const UNREAD_PATIENCE_MS = 24 * HOUR_MS;

/** A look of one listener, which has the lease. */
export interface Look {
  tenantId: string;
  channelId: string;
  owner: string;
}

const RESTS = { nextLookAt: null, waitsSince: null, leaseUntil: null };

/**
 * Asks the provider whether there is news of a channel. Nothing new is one row. Anything else, news or a refusal or work that
 * is due, is the workflow's: it is woken, and polls as ever.
 */
export async function lookForNews(context: Context, look: Look, stopping: AbortSignal): Promise<void> {
  const { tenantId, channelId } = look;
  const now = await context.clock.now();
  const facts = await context.database.inTenant(tenantId, (tx) => readFacts(context, tx, channelId, now));
  if (facts === 'gone' || facts === 'rests') return letRest(context, look, facts);
  if (facts.isForWorkflow) return askWorkflow(context, look);
  const timeout = AbortSignal.timeout(LOOK_MS);
  const answer = await ask(context, facts, AbortSignal.any([stopping, timeout])).catch((error: unknown) => {
    if (stopping.aborted) throw error;
    return { error };
  });
  if (answer === 'needs_refresh') return waitForToken(context, look, facts);
  if ('error' in answer) return tellOfFailure(context, look, facts.access, { error: answer.error, timeout });
  if (answer.news) return askWorkflow(context, look);
  await stayQuiet(context, look, facts, answer);
}

interface Facts {
  access: ChannelAccess;
  watch: WatchRow | null;
  /** The daily comparison is due. */
  isAudited: boolean;
  /** What no single question settles: the workflow's poll begins with it. */
  isForWorkflow: boolean;
}

async function readFacts(
  context: Context,
  tx: Transaction,
  channelId: string,
  now: Date,
): Promise<Facts | 'gone' | 'rests'> {
  const access = await findAccess(context, tx, channelId);
  if (access === 'gone') return 'gone';
  if (!isWatched(factsOf(access.channel))) return 'rests';
  const [watch, running] = await Promise.all([findWatch(tx, channelId), findRunningImport(tx, channelId)]);
  const { importMode, createdAt } = access.channel;
  // In `gap` mode a look sets the cursors itself, and has none where the provider tells none as of now.
  const lacksCursors = importMode !== 'gap' && (await listCursors(tx, channelId)).length === 0;
  const isForWorkflow = running !== null || lacksCursors || (await isAnythingDue(tx, channelId, now));
  const isAudited = importMode === 'continuous' && auditDueAt(watch?.auditAt ?? null, createdAt) <= now;
  return { access, watch, isAudited, isForWorkflow };
}

/**
 * Ends this look's own lease alone: the workflow may have polled meanwhile, and planned the next look. Under the lock the
 * channel is asked again: where the trouble has ended since, its workflow has looked and plans no other look.
 */
async function letRest(context: Context, look: Look, found: 'gone' | 'rests'): Promise<void> {
  await context.database.inTenant(look.tenantId, async (tx) => {
    const row = await lockChannel(tx, look.channelId);
    const goesOn = found === 'rests' && row !== null && isWatched(factsOf(row));
    await settleLook(tx, look, goesOn ? { leaseUntil: null } : RESTS);
  });
}

const factsOf = (row: ChannelRow) => ({
  ...row,
  suspected: row.suspicion?.tried ?? null,
  cursorLaneTaken: false,
  pollRequestedAt: row.pollRequestedAt?.getTime() ?? null,
  nextPollAt: row.nextPollAt?.getTime() ?? null,
});

/** `isComplete`: whether the daily comparison found nothing that is not stored; absent: it was not due. */
type Asked = Answer & { isComplete?: boolean };

async function ask(
  context: Context,
  { access, isAudited }: Facts,
  signal: AbortSignal,
): Promise<Asked | 'needs_refresh'> {
  const opened = await openChannelSession(context, access, signal);
  if (opened === 'needs_refresh') return opened;
  const endsAtMs = performance.now() + LISTING_MS;
  return closing(opened, async (session) => {
    const answer = await askForNews(context, access.channel, { session, careful: false, endsAtMs });
    if (answer.news || !isAudited) return answer;
    // A comparison that does not end here is the workflow's, which sets aside and waits; what the look found stands.
    const isComplete = await seesNothingMissed(context, access.channel, session).catch(() => false);
    return { ...answer, isComplete };
  });
}

/**
 * Everything up to the answer is stored, and the row of the watch says so; nothing else is written, unless the comparison
 * found a difference: then the workflow compares.
 */
async function stayQuiet(
  context: Context,
  { tenantId, channelId, owner }: Look,
  { access, watch }: Facts,
  { coveredUntil, isComplete }: { coveredUntil: Date; isComplete?: boolean },
): Promise<void> {
  const now = await context.clock.now();
  const settle = async (tx: Transaction) => {
    const limits = paceLimits(context, access.channel, await findSubscription(tx, channelId), now);
    const intervalMs = nextIntervalMs(watch?.intervalMs ?? null, false, limits);
    const at = nextLookAt(channelId, intervalMs, now);
    await settleLook(
      tx,
      { channelId, owner },
      {
        intervalMs,
        nextLookAt: at,
        watchedAt: now,
        waitsSince: null,
        leaseUntil: new Date(at.getTime() + LATE_MS + LOOK_MS),
        ...((await isWhole(tx, channelId)) ? { coveredUntil } : {}),
        ...(isComplete === undefined ? {} : { auditAt: nextAuditAt(context, channelId, now) }),
      },
    );
  };
  if (isComplete !== false) return context.database.inTenant(tenantId, settle);
  await changeChannel(context, { tenantId, channelId }, async ({ tx, wake }, row) => {
    await settle(tx);
    await updateChannel(tx, row.id, { nextAuditAt: now });
    await wake(row);
  });
}

/**
 * A channel without a fresh token is looked at after its next refresh, which its reader, its schedule or a push causes. After
 * an hour the look asks for one, unless the product's own sync has the messages.
 */
async function waitForToken(context: Context, look: Look, { access, watch }: Facts): Promise<void> {
  const { channelId, tenantId, owner } = look;
  const { credential } = access;
  const { importMode, keepWarm, trouble } = access.channel;
  const isRefused = credential.accessTokenRefusedAt !== null;
  const now = await context.clock.now();
  const isUnread = importMode === 'gap' && keepWarm === 'when_used';
  const hasWaited = watch !== null && watch.waitsSince !== null;
  const next = new Date(now.getTime() + (isUnread ? UNREAD_PATIENCE_MS : TOKEN_PATIENCE_MS));
  const values = { nextLookAt: next, waitsSince: now, leaseUntil: null };
  await changeChannel(context, { tenantId, channelId }, async ({ tx, wake }, row) => {
    const known = await findCredentialState(tx, row.id);
    // A refresh that ended meanwhile has looked at the row before it waited, and wakes no look that waits now.
    const isSame = known?.version === credential.version && (known.accessTokenRefusedAt !== null) === isRefused;
    await settleLook(tx, { channelId, owner }, isSame ? values : { ...values, nextLookAt: now, waitsSince: null });
    if (!isSame || !hasWaited || isUnread || trouble !== null) return;
    await updateChannel(tx, row.id, { refreshRequestedAt: now });
    await wake(row);
  });
}

/** A refusal is recorded as that of any call, and the workflow decides what follows. */
async function tellOfFailure(
  context: Context,
  look: Look,
  { credential }: ChannelAccess,
  { error, timeout }: { error: unknown; timeout: AbortSignal },
): Promise<void> {
  const { tenantId, channelId } = look;
  if (error instanceof ProviderError && !timeout.aborted) {
    const tried = { tenantId, channelId, credentialVersion: credential.version, tried: 'access' } as const;
    await recordRefusal(context, { ...tried, verdict: error.verdict });
  } else if (!timeout.aborted && !(error instanceof ImportOvertaken)) {
    context.logger.warn({ err: error, channelId }, 'A look did not end; the workflow polls');
  }
  await askWorkflow(context, look);
}

/** The workflow polls now, and plans the next look. */
async function askWorkflow(context: Context, look: Look): Promise<void> {
  await changeChannel(context, look, async ({ tx, now, wake }, row) => {
    await restWatch(tx, row.id);
    await updateChannel(tx, row.id, { nextPollAt: now });
    await wake(row);
  });
}
