import { REFRESH_TIMING, answersSince } from '../../credentials/send-refresh.ts';
import { letHappen } from '../../channels/happenings.ts';
import { inWakingTransaction } from '../../channels/wake.ts';
import type { Waking } from '../../channels/wake.ts';
import { findChannel, findOtherLiveChannel, holdAccount, lockChannel } from '../../db/channels/channels.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import { findPolicy } from '../../db/access/tenants.ts';
import type { Transaction } from '../../db/client.ts';
import { moveWatch } from '../../db/channels/watches.ts';
import { swapCredential } from '../../db/credentials/credentials.ts';
import { closeWaysBack, findWayBack, lockWayBack, returnAccess } from '../../db/credentials/former-accesses.ts';
import type { FormerAccess } from '../../db/credentials/former-accesses.ts';
import { findUnansweredAtRest, giveLease } from '../../db/credentials/refresh-attempts.ts';
import { LEFT, isOneOf } from '../../domain/channel.ts';
import type { Context } from '../../runtime/context.ts';
import { leaveAccount } from './leave-account.ts';
import { accountOf, beginAccess, grantOf, restLiveAccess } from './rest-access.ts';

export type Reverted =
  | { outcome: 'reverted'; channel: ChannelRow }
  | { outcome: 'nothing_to_revert' }
  /** The tenant's policy forbids the access type, or it is not configured any more. */
  | { outcome: 'access_type_not_allowed'; accessType: string }
  /** Another live channel has the account meanwhile. */
  | { outcome: 'account_connected'; by: string };

/**
 * Takes a channel back to the access that it had before its last change, while that rests. The access that is left ends at
 * once and cannot be gone back to. null: there is no such channel.
 */
export function revertAccess(
  context: Context,
  { tenantId, channelId }: { tenantId: string; channelId: string },
): Promise<Reverted | null> {
  const revert = async (waking: Waking): Promise<Reverted | null> => {
    const { tx, now } = waking;
    const wanted = await findWayBack(tx, channelId, now);
    // Before the channel, as a sign-in does.
    if (wanted) await holdAccount(tx, wanted);
    const channel = wanted ? await lockChannel(tx, channelId) : await findChannel(tx, channelId);
    if (!channel) return null;
    const former = await lockLast(tx, wanted, now);
    if (!former || isOneOf(LEFT, channel.status)) return { outcome: 'nothing_to_revert' };
    const { accessType } = former;
    if (!(await isAllowed(context, tx, former))) return { outcome: 'access_type_not_allowed', accessType };
    const other = await findOtherLiveChannel(tx, former, channelId);
    if (other) return { outcome: 'account_connected', by: other.id };
    const reverted = await goBack(context, waking, channel, former);
    await waking.wake(reverted);
    context.killPoint('revert.settling');
    return { outcome: 'reverted', channel: reverted };
  };
  return inWakingTransaction(context, tenantId, revert, () => context.killPoint('revert.settled'));
}

/** null: the way back is over, or another change came between. */
async function lockLast(tx: Transaction, wanted: FormerAccess | null, now: Date): Promise<FormerAccess | null> {
  const last = wanted && (await findWayBack(tx, wanted.channelId, now));
  return last && last.id === wanted?.id ? lockWayBack(tx, last, now) : null;
}

async function isAllowed(
  { providers }: Context,
  tx: Transaction,
  { tenantId, accessType }: FormerAccess,
): Promise<boolean> {
  const { accessTypes } = await findPolicy(tx, tenantId);
  return providers.has(accessType) && (accessTypes?.includes(accessType) ?? true);
}

async function goBack(
  context: Context,
  { tx, now }: Waking,
  channel: ChannelRow,
  former: FormerAccess,
): Promise<ChannelRow> {
  const version = channel.credentialVersion + 1;
  await restLiveAccess(tx, channel, { canReturn: false, now });
  const isToken = former.kind === 'oauth';
  const swapped = await swapCredential(
    tx,
    { channelId: channel.id, version: channel.credentialVersion },
    {
      ...grantOf(former),
      version,
      // The access token was not kept: a refresh is due at once.
      accessTokenJwe: null,
      expiresAt: isToken ? now : null,
      accessTokenRefusedAt: null,
      claims: null,
      updatedAt: now,
    },
  );
  if (!swapped) throw new Error(`The credential of ${channel.id} is no longer at version ${channel.credentialVersion}`);
  const sent = await findUnansweredAtRest(tx, former.id, answersSince(now));
  await returnAccess(tx, former);
  // Its process renews the lease while it lives: until then no other refresh sends the same token.
  if (sent) await giveLease(tx, channel.id, sent.id, new Date(now.getTime() + REFRESH_TIMING.leaseMs));
  // One step back: a repeated request does not go on to the access before this one.
  await closeWaysBack(tx, channel.id, now);
  const happening = {
    type: 'access_changed',
    credentialVersion: version,
    from: channel.accessType,
    to: former.accessType,
    reversal: true,
  } as const;
  const reverted = await letHappen(tx, channel, happening, now, {
    ...accountOf(former),
    ...beginAccess(version, now),
    ...(isToken ? { refreshRequestedAt: now } : {}),
    nextRefreshAt: isToken ? now : null,
  });
  await moveWatch(tx, reverted);
  const { windowOverlapMs: overlapMs = 0 } = context.providers.get(former.accessType)?.capabilities ?? {};
  const parts = former.parts.filter(({ aside }) => aside === undefined);
  const aside = former.parts.flatMap(({ scope, name, aside: reason }) =>
    reason ? [{ scope, name, reason, asked: false }] : [],
  );
  await leaveAccount(tx, channel, { parts, aside, overlapMs }, now);
  return reverted;
}
