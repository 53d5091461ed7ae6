import { VaultError } from '../../crypto/vault.ts';
import { openSecret } from '../../credentials/access.ts';
import { issuerOf } from '../../channels/issuer.ts';
import { settleAnswer } from '../../credentials/refresh-answer.ts';
import { answersSince } from '../../credentials/send-refresh.ts';
import { shredUnlessLast } from '../../db/across-tenants/grants.ts';
import { countOtherSubscribers } from '../../db/across-tenants/subscribers.ts';
import { lockFormerAccess, shredFormerAccess, updateFormerAccess } from '../../db/credentials/former-accesses.ts';
import type { FormerAccessRow } from '../../db/credentials/former-accesses.ts';
import { findAnswerAtRest, findUnansweredAtRest } from '../../db/credentials/refresh-attempts.ts';
import { BACKOFF, gapMs } from '../../domain/backoff.ts';
import { REVOKE_FOR_MS } from '../../domain/security/former-access.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { OAuthAdapter } from '../../providers/contract.ts';
import type { Context } from '../../runtime/context.ts';
import { revokeGrant } from '../revoke-grant.ts';

const CALL_TIMEOUT_MS = 20_000;
const LOOKS_AGAIN_MS = 15_000;

export interface FormerReference {
  id: string;
  tenantId: string;
}

/**
 * Ends a former access: revokes its grant at the provider, unless another channel or another access at rest needs it, and
 * shreds its credential. A revocation that fails is tried for a day with growing gaps; then the credential is shredded without
 * it. False: it is tried again later, as while the answer to its refresh token may still come, which has its next one.
 */
export async function endFormerAccess(context: Context, reference: FormerReference): Promise<boolean> {
  const former = await readFormer(context, reference);
  if (!former) return true;
  if (former.kind === 'password') return shred(context, former);
  if (await isAnswerAwaited(context, former)) return false;
  // Where this worker lacks the client's configuration, another one may have it.
  const oauth = issuerOf(context, former.accessType, former.oauthProvider);
  if (oauth) await settleLeft(context, former, oauth).catch(logged(context, former));
  // As the answer has left it.
  const settled = await readFormer(context, reference);
  if (!settled) return true;
  const ended = await endGrant(context, settled, oauth).catch(logged(context, former));
  if (ended === 'shared') {
    if (oauth) await endPushes(context, settled, oauth).catch(logged(context, settled));
    return true;
  }
  context.killPoint('rest.revoked');
  return ended === 'done' ? shred(context, former) : putOff(context, former);
}

function readFormer({ database }: Context, { id, tenantId }: FormerReference): Promise<FormerAccessRow | null> {
  return database.inTenant(tenantId, (tx) => lockFormerAccess(tx, id));
}

/** An error of our own counts as a try that failed: a day of them ends with the shredding all the same. */
const logged =
  ({ logger }: Context, { channelId }: FormerAccessRow) =>
  (error: unknown): false => {
    logger.warn({ err: error, channelId }, 'A former access could not be ended for a reason of our own');
    return false;
  };

/** Its last refresh may have been answered by a new token that no process has read. */
async function settleLeft(context: Context, former: FormerAccessRow, oauth: OAuthAdapter): Promise<void> {
  const { tenantId, channelId, id, context: sent } = former;
  const answer = await context.database.inTenant(tenantId, (tx) => findAnswerAtRest(tx, id));
  if (answer) await settleAnswer(context, { tenantId, oauth, channelId, answer, sent });
}

/**
 * A refresh has sent its token, and no answer is stored yet: the token is spent, and the answer has the only one that ends the
 * grant. It is no try of the revocation; a process that is dead answers no more after a time.
 */
async function isAnswerAwaited(context: Context, { id, tenantId }: FormerAccessRow): Promise<boolean> {
  const now = await context.clock.now();
  return context.database.inTenant(tenantId, async (tx) => {
    const isAwaited = (await findUnansweredAtRest(tx, id, answersSince(now))) !== null;
    if (isAwaited) await updateFormerAccess(tx, id, { endsAt: new Date(now.getTime() + LOOKS_AGAIN_MS) });
    return isAwaited;
  });
}

/** The grant's end takes the subscription with it. Where no call ends a grant, the subscription is ended by itself. */
async function endGrant(
  context: Context,
  former: FormerAccessRow,
  oauth: OAuthAdapter | null,
): Promise<'done' | 'shared' | 'failed'> {
  const giveUp = async (until: Date | null) => {
    const claim = await shredUnlessLast(context.database, former, until);
    if (claim !== 'shared') context.killPoint('rest.decided');
    return claim;
  };
  // A secret that does not open can never be revoked.
  const token = oauth && (await openSecret(context, former).catch(noneWhereUnopened));
  const grant = token && { token, context: former.context };
  if (oauth && grant && oauth.revocation !== 'none') {
    return revokeGrant(context, { oauth, grantKey: former.grantKey, grant }, { claim: giveUp });
  }
  if ((await giveUp(null)) === 'shared') return 'shared';
  if (!oauth) return 'failed';
  return grant ? endSubscription(context, former, { oauth, grant }) : 'done';
}

async function endSubscription(...asked: Parameters<typeof unsubscribe>): Promise<'done' | 'failed'> {
  try {
    await unsubscribe(...asked);
    return 'done';
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return error.verdict.kind === 'reauth_required' ? 'done' : 'failed';
  }
}

function noneWhereUnopened(error: unknown): null {
  if (error instanceof VaultError) return null;
  throw error;
}

/** The grant lives on, and with it the subscription. */
async function endPushes(context: Context, former: FormerAccessRow, oauth: OAuthAdapter): Promise<void> {
  if (!former.isSubscribed) return;
  const token = await openSecret(context, former);
  await unsubscribe(context, former, { oauth, grant: { token, context: former.context } });
}

/** A courtesy: without it the provider tells of news until the subscription expires, and no channel hears of it. */
async function unsubscribe(
  context: Context,
  former: FormerAccessRow,
  { oauth, grant }: { oauth: OAuthAdapter; grant: Parameters<OAuthAdapter['revoke']>[0] },
): Promise<void> {
  const provider = context.providers.get(former.accessType);
  const { push = null } = provider?.capabilities ?? {};
  if (!provider || !push || !former.isSubscribed) return;
  if (push.sharedByMailbox && (await countOtherSubscribers(context.database, former)) > 0) return;
  const signal = AbortSignal.timeout(CALL_TIMEOUT_MS);
  const { accessToken } = oauth.processTokenAnswer(await oauth.refreshRequest(grant, signal));
  const { accountEmail: mailbox, context: connection, oauthProvider: issuer } = former;
  const session = await provider.openSession(
    { kind: 'token', accessToken, issuer, mailbox, context: connection },
    signal,
  );
  try {
    await session.unsubscribe?.(former.subscription);
  } finally {
    await session.close().catch(() => {});
  }
}

async function shred({ database }: Context, { id, tenantId }: FormerAccessRow): Promise<true> {
  await database.inTenant(tenantId, (tx) => shredFormerAccess(tx, id));
  return true;
}

async function putOff(context: Context, former: FormerAccessRow): Promise<boolean> {
  const now = await context.clock.now();
  const { id, channelId, restsUntil } = former;
  if (now.getTime() - restsUntil.getTime() >= REVOKE_FOR_MS) {
    context.logger.warn({ channelId }, 'A former grant could not be revoked within a day; its credential is shredded');
    return shred(context, former);
  }
  const tries = former.tries + 1;
  const endsAt = new Date(now.getTime() + gapMs(BACKOFF.revocation, tries));
  await context.database.inTenant(former.tenantId, (tx) => updateFormerAccess(tx, id, { tries, endsAt }));
  return false;
}
