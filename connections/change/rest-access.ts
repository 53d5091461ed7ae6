import type { ChannelRow } from '../../db/channels/channels.ts';
import { forgetFailures } from '../../db/channels/held-connections.ts';
import { deleteSubscription, findSubscription } from '../../db/channels/subscriptions.ts';
import type { Transaction } from '../../db/client.ts';
import { findCredentialState } from '../../db/credentials/credentials.ts';
import { restAccess } from '../../db/credentials/former-accesses.ts';
import { abandonUnsent } from '../../db/credentials/refresh-attempts.ts';
import { newId } from '../../db/ids.ts';
import { listCursors } from '../../db/imports/cursors.ts';
import { listPartsAside } from '../../db/imports/parts-aside.ts';
import { WAY_BACK_MS } from '../../domain/security/former-access.ts';

/**
 * Puts the live access of a channel to rest, in the transaction that gives the channel another one; the channel is locked.
 * From the commit on no call begins with it but its revocation: a session that stands may end its call, and commits nothing
 * (`channels.access_version`). A refresh that has not sent its token sends none, and one that has keeps its answer with the
 * access that rests (rule 4).
 * @param canReturn false: nothing leads back to it, and its end is due at once
 */
export async function restLiveAccess(
  tx: Transaction,
  channel: ChannelRow,
  { canReturn, now }: { canReturn: boolean; now: Date },
): Promise<void> {
  const { id: channelId, tenantId } = channel;
  const credential = await findCredentialState(tx, channelId);
  if (!credential) throw new Error(`Channel ${channelId} has no credential that could rest`);
  const [cursors, subscription] = [await listCursors(tx, channelId), await findSubscription(tx, channelId)];
  const aside = (await listPartsAside(tx, channelId)).map(({ scope, name, reason }) => ({
    scope,
    name,
    aside: reason,
  }));
  const restsUntil = new Date(now.getTime() + (canReturn ? WAY_BACK_MS : 0));
  await abandonUnsent(tx, channelId, now);
  await restAccess(tx, {
    id: newId('fac'),
    channelId,
    tenantId,
    ...accountOf(channel),
    ...grantOf(credential),
    canReturn,
    changedAt: now,
    restsUntil,
    endsAt: restsUntil,
    parts: [...cursors.map(({ scope, name }) => ({ scope, name })), ...aside],
    isSubscribed: subscription?.expiresAt != null,
    subscription: subscription?.reference ?? null,
  });
  await deleteSubscription(tx, channelId);
  await forgetFailures(tx, channelId);
}

/** The columns of a channel that a change of access replaces. */
export function accountOf(channel: Pick<ChannelRow, AccountField>): Pick<ChannelRow, AccountField> {
  const { accessType, accountEmail, accountLogin, accountProviderId, mailboxKey, serverKey } = channel;
  const { server, smtp, uses, missingUses, lastVerifiedAt } = channel;
  return {
    accessType,
    accountEmail,
    accountLogin,
    accountProviderId,
    mailboxKey,
    serverKey,
    server,
    smtp,
    uses,
    missingUses,
    lastVerifiedAt,
  };
}

type AccountField =
  | 'accessType'
  | 'accountEmail'
  | 'accountLogin'
  | 'accountProviderId'
  | 'mailboxKey'
  | 'serverKey'
  | 'server'
  | 'smtp'
  | 'uses'
  | 'missingUses'
  | 'lastVerifiedAt';

type Grant = NonNullable<Awaited<ReturnType<typeof findCredentialState>>>;
type GrantField =
  | 'kind'
  | 'secretVersion'
  | 'tokenType'
  | 'issuedAt'
  | 'scopes'
  | 'oauthProvider'
  | 'context'
  | 'rotation'
  | 'grantKey'
  | 'tokenIdentifiers'
  | 'grantEndsAt'
  | 'expiryWarnAt';

/** What rests of a credential beside its secret. */
export function grantOf(credential: Pick<Grant, GrantField>): Pick<Grant, GrantField> {
  const { kind, secretVersion, tokenType, issuedAt, scopes, oauthProvider } = credential;
  const { context, rotation, grantKey, tokenIdentifiers, grantEndsAt, expiryWarnAt } = credential;
  return {
    kind,
    secretVersion,
    tokenType,
    issuedAt,
    scopes,
    oauthProvider,
    context,
    rotation,
    grantKey,
    tokenIdentifiers,
    grantEndsAt,
    expiryWarnAt,
  };
}

/** The columns of a channel whose access begins anew with `version`: nothing of its trouble is left. */
export const beginAccess = (version: number, now: Date) => ({
  accessVersion: version,
  failures: 0,
  trouble: null,
  suspicion: null,
  passwordRetries: null,
  lockedOutAt: null,
  retryAt: null,
  refreshRequestedAt: null,
  proofRequestedAt: null,
  checkRequestedAt: null,
  checkedAt: null,
  nextPollAt: now,
  nextDueAt: now,
});
