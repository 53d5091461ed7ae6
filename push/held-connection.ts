import { openChannelSession, readAccess } from '../credentials/access.ts';
import { noteLockOut } from '../credentials/password-tries.ts';
import { closing } from '../credentials/session.ts';
import type { Context } from '../runtime/context.ts';
import { letGo } from '../db/channels/held-connections.ts';
import type { HeldConnection } from '../db/channels/held-connections.ts';
import { askFor } from '../channels/wake.ts';
import { BACKOFF, gapMs } from '../domain/backoff.ts';
import { actionOf, ProviderError } from '../domain/verdict.ts';
import { inBursts } from './bursts.ts';

/** A connection that lasted this long counts as good: its end is no failure. */
const LASTED_MS = 10 * 60_000;
/** Mail that arrives in a burst causes one poll. */
const SPACING_MS = 500;

/**
 * Why a listener ends a connection: the process stops, the credential was replaced, or the channel is no longer to be
 * held. The last counts as a failure unless the connection lasted: it may be one too many for the server.
 */
export type LetGoReason = 'stopping' | 'replaced' | 'not_worth_it';

type Ending = 'ended' | 'unsupported' | 'declined' | LetGoReason | { error: unknown };

/**
 * Holds one channel's connection until it ends, writes the news as facts, and releases the lease. If it fails, polls
 * find the same news.
 */
export async function holdConnection(
  context: Context,
  held: HeldConnection,
  owner: string,
  signal: AbortSignal,
): Promise<void> {
  const beganAtMs = performance.now();
  const ending = await listen(context, held, signal).catch((error: unknown): Ending =>
    signal.aborted ? (signal.reason as LetGoReason) : { error },
  );
  const lasted = performance.now() - beganAtMs >= LASTED_MS;
  if (typeof ending === 'object') {
    const { channelId, failures } = held;
    context.logger.info({ err: ending.error, channelId, failures }, 'A held connection ended');
    if (ending.error instanceof ProviderError) await noteLockOut(context, held, ending.error.verdict);
    if (isRefusal(ending.error)) await askFor(context, held, 'checkRequestedAt');
  }
  const now = await context.clock.now();
  const after = retryAfter(ending, held, lasted);
  if (ending === 'unsupported' || ending === 'declined') {
    const { channelId } = held;
    context.logger.info(
      { channelId, ending, retryInMs: after.waitMs },
      'No connection can be held; polls find the news',
    );
  }
  const retryAt = after.waitMs === 0 ? null : new Date(now.getTime() + after.waitMs);
  await context.database.inTenant(held.tenantId, (tx) =>
    letGo(tx, { owner, now }, held.channelId, { ...after, retryAt }),
  );
}

/**
 * Releases a lease without a connection: its release failed, or its commit's answer got lost. The channel is free after the
 * gap of a connection that failed, because the reason of the end is not known any more.
 */
export async function releaseOrphan(
  context: Context,
  { tenantId, channelId, failures: before }: HeldConnection,
  owner: string,
): Promise<void> {
  const now = await context.clock.now();
  const failures = before + 1;
  const retryAt = new Date(now.getTime() + gapMs(BACKOFF.connection, failures));
  await context.database.inTenant(tenantId, (tx) =>
    letGo(tx, { owner, now }, channelId, { failures, retryAt, refusedVersion: null }),
  );
}

async function listen(context: Context, held: HeldConnection, signal: AbortSignal): Promise<Ending> {
  const access = await readAccess(context, held.tenantId, held.channelId);
  if (access === 'gone') return 'ended';
  const session = await openChannelSession(context, access, signal);
  if (session === 'needs_refresh') return 'ended';
  const news = inBursts(SPACING_MS, () => askFor(context, held, 'pollRequestedAt').catch(() => {})); // the next poll finds the news
  return closing(session, async () => {
    try {
      return (await session.listen?.(news.ring, signal)) ?? 'unsupported';
    } finally {
      news.stop();
    }
  });
}

/**
 * When to try again. A refused credential is not used again, because that would lock the account. A server that names a
 * wait gets it.
 */
function retryAfter(ending: Ending, { failures: before, credentialVersion }: HeldConnection, lasted: boolean) {
  const answer = { failures: before, waitMs: 0, refusedVersion: null };
  if (ending === 'stopping' || ending === 'replaced') return answer;
  if (ending === 'unsupported') return { ...answer, waitMs: gapMs(BACKOFF.unsupportedConnection, 1) };
  const failures = lasted ? 0 : before + 1;
  const error = typeof ending === 'object' ? ending.error : null;
  const refusedVersion = isRefusal(error) ? credentialVersion : null;
  const isUnwanted = ending === 'not_worth_it' || ending === 'declined';
  const backoff = isUnwanted ? BACKOFF.unwantedConnection : BACKOFF.connection;
  const retryAfterMs = error instanceof ProviderError ? error.verdict.retryAfterMs : null;
  return { failures, waitMs: gapMs(backoff, failures, { retryAfterMs }), refusedVersion };
}

/** A verdict that needs a person; the channel's own check reports it. */
const isRefusal = (error: unknown) => error instanceof ProviderError && actionOf(error.verdict.kind) !== 'none';
