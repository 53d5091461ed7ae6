import { findCredentialState } from '../db/credentials/credentials.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { CredentialState } from '../db/credentials/credentials.ts';
import { planExpiryWarning } from '../db/credentials/grant-lives.ts';
import { insertEvent } from '../db/events/events.ts';
import type { AccessType } from '../domain/access-type.ts';
import { HOLDS_GRANT, WORKING, isOneOf } from '../domain/channel.ts';
import type { Context } from '../runtime/context.ts';
import { eventData } from './happenings.ts';
import { issuerOf } from './issuer.ts';
import { changeChannel } from './wake.ts';

/** The time after which a warning that waits for its channel is considered again, in ms. */
export const WARNING_WAITS_MS = 3_600_000;

/**
 * Whether the end of a grant is told now: a channel that needs a person has its alert, a paused one is left alone, and the
 * operator's trouble is no owner's (rule 11).
 */
export const isWarned = ({ status }: Pick<ChannelRow, 'status'>) => isOneOf(WORKING, status);

/**
 * Emits `channel.expiring` once for a grant that ends soon: by a time that the provider told, or because it lies unused and
 * the channel cannot refresh it. A channel that needs a sign-in already has its alert; its warning waits until it is back, as
 * does that of a channel that is paused or blocked.
 */
export async function tellExpiring(context: Context, channel: { tenantId: string; channelId: string }): Promise<void> {
  await changeChannel(context, channel, async ({ tx, now }, row) => {
    const credential = await findCredentialState(tx, row.id);
    if (!credential?.expiryWarnAt || credential.expiryWarnAt > now || !isOneOf(HOLDS_GRANT, row.status)) return;
    const end = endOfGrant(context, row.accessType, credential);
    const waits = end !== null && end.expiresAt > now && !isWarned(row);
    await planExpiryWarning(tx, row.id, waits ? new Date(now.getTime() + WARNING_WAITS_MS) : null);
    if (end === null || !isWarned(row)) return;
    const { tenantId, id: channelId } = row;
    const data = { ...eventData(row, null), ...end };
    await insertEvent(tx, { tenantId, channelId, type: 'channel.expiring', incidentId: row.incidentId, data, at: now });
  });
}

/** When and why a grant ends by itself; null: no end is known. */
export function endOfGrant(
  context: Pick<Context, 'providers'>,
  accessType: AccessType,
  { grantEndsAt, issuedAt, oauthProvider }: Pick<CredentialState, 'grantEndsAt' | 'issuedAt' | 'oauthProvider'>,
) {
  const unusedLifeMs = issuerOf(context, accessType, oauthProvider)?.unusedLifeMs;
  const unusedEnd = issuedAt && unusedLifeMs ? new Date(issuedAt.getTime() + unusedLifeMs) : null;
  if (grantEndsAt && !(unusedEnd && unusedEnd < grantEndsAt)) {
    return { expiresAt: grantEndsAt, expiresBy: 'refresh_token_expired', action: 'reauthorize' } as const;
  }
  return unusedEnd && ({ expiresAt: unusedEnd, expiresBy: 'token_idle_expired' } as const);
}
