import { letHappen } from '../../channels/happenings.ts';
import { inWakingTransaction } from '../../channels/wake.ts';
import type { Waking } from '../../channels/wake.ts';
import { findChannel, findOtherLiveChannel, holdAccount, lockChannel } from '../../db/channels/channels.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import type { Transaction } from '../../db/client.ts';
import { moveWatch } from '../../db/channels/watches.ts';
import { swapCredential } from '../../db/credentials/credentials.ts';
import { findWayBack, lockWayBack, returnAccess } from '../../db/credentials/former-accesses.ts';
import type { FormerAccess } from '../../db/credentials/former-accesses.ts';
import { LEFT, isOneOf } from '../../domain/channel.ts';
import type { Context } from '../../runtime/context.ts';
import { leaveAccount } from './leave-account.ts';
import { accountOf, beginAccess, grantOf, restLiveAccess } from './rest-access.ts';

export type Reverted =
  | { outcome: 'reverted'; channel: ChannelRow }
  | { outcome: 'nothing_to_revert' }
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
  await returnAccess(tx, former);
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
  await leaveAccount(tx, channel, { parts: former.parts, aside: [], overlapMs }, now);
  return reverted;
}
