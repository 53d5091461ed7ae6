import type { Context } from '../runtime/context.ts';
import { countHoldersOfGrant } from '../db/across-tenants/grants.ts';
import { findChannel, lockChannel, updateChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { VaultError } from '../crypto/vault.ts';
import { findCredential, shredCredential } from '../db/credentials/credentials.ts';
import type { CredentialRow } from '../db/credentials/credentials.ts';
import { listFormerAccesses, shredFormerAccessesOn } from '../db/credentials/former-accesses.ts';
import type { FormerAccess } from '../db/credentials/former-accesses.ts';
import { letHappen } from '../channels/happenings.ts';
import { cancelRunningImport } from '../db/imports/imports.ts';
import { deleteSubscription, findSubscription } from '../db/channels/subscriptions.ts';
import { BACKOFF, gapMs } from '../domain/backoff.ts';
import { REVOKE_FOR_MS } from '../domain/security/former-access.ts';
import { issuerOf } from '../channels/issuer.ts';
import type { OAuthAdapter } from '../providers/contract.ts';
import { openSecret, readAccess } from '../credentials/access.ts';
import type { ChannelAccess } from '../credentials/access.ts';
import { endFormerAccess } from './change/end-former-access.ts';
import { eraseMail, eraseSoon, eraseTenant, someTime } from './erase.ts';
import { revokeUnlessShared } from './revoke-grant.ts';
import { endSubscription } from '../push/subscription.ts';

type Revocation = 'done' | 'shared' | 'unsupported' | 'failed';

/**
 * Ends a channel (S-09): revokes the grant upstream where the provider can, for at most a day, and shreds the credential in
 * any case. Returns false while the revocation must be retried.
 */
export async function disconnectChannel(
  context: Context,
  { tenantId, channelId }: { tenantId: string; channelId: string },
): Promise<boolean> {
  const access = await readAccess(context, tenantId, channelId);
  if (access === 'gone') return leaveChannel(context, { tenantId, channelId });
  const { channel, credential } = access;
  await stopBeingTold(context, access);
  const isToken = credential.kind === 'oauth';
  const issuer = isToken ? issuerOf(context, channel.accessType, credential.oauthProvider) : null;
  // Before the former accesses: no trouble at a provider of theirs keeps the live grant valid.
  const revocation = issuer ? await revoke(context, { channel, credential, issuer }) : 'unsupported';
  const areEnded = await endFormerAccesses(context, channel, { except: credential.grantKey });
  if ((revocation === 'failed' || !areEnded) && (await mayTryAgain(context, channel, revocation))) return false;
  // Its client has left the environment. No try of the next day would revoke more than this one.
  if (isToken && issuer === null) return leaveChannel(context, { tenantId, channelId });
  const help = issuer ? issuer.revocationHelp : helpOf(context, channel, credential);
  return finish(context, channel, { revocation, help, grantKey: credential.grantKey });
}

/**
 * Ends a channel without its provider: no worker serves the access type, or none has come to an end. What was not revoked
 * is said, with what to do by hand. A former access of another access type is revoked all the same: here, or later by the
 * sweep for former accesses.
 */
export async function leaveChannel(
  context: Context,
  { tenantId, channelId }: { tenantId: string; channelId: string },
): Promise<boolean> {
  const [channel, credential] = await context.database.inTenant(tenantId, async (tx) => {
    const found = [await findChannel(tx, channelId), await findCredential(tx, channelId)] as const;
    await deleteSubscription(tx, channelId);
    return found;
  });
  if (!channel) return finish(context, { tenantId, id: channelId }, { revocation: 'unsupported', help: null });
  await endFormerAccesses(context, channel, { except: null });
  const help = (credential && helpOf(context, channel, credential)) ?? BY_HAND;
  return finish(context, channel, { revocation: await notRevoked(context, channel, credential), help });
}

const BY_HAND =
  'Nothing was revoked at the provider. Remove the access in the account there: the app among the connected apps, or the ' +
  'password that was given.';

async function notRevoked(
  { database }: Context,
  channel: ChannelRow,
  credential: CredentialRow | null,
): Promise<Revocation> {
  if (credential?.kind !== 'oauth') return 'unsupported';
  return (await countHoldersOfGrant(database, credential.grantKey, { channelId: channel.id })) > 0
    ? 'shared'
    : 'failed';
}

/**
 * Once, and before the revocation, which takes away the right to. No failure of it holds up the revocation, for the
 * subscription expires by itself. Later pushes reach no channel.
 */
async function stopBeingTold(context: Context, access: ChannelAccess): Promise<void> {
  const { id, tenantId } = access.channel;
  const subscription = await context.database.inTenant(tenantId, (tx) => findSubscription(tx, id));
  if (!subscription) return;
  const ended = await endSubscription(context, access).catch((error: unknown) => ({ is: 'failed', error }) as const);
  if (ended.is !== 'ended')
    context.logger.warn(
      { channelId: id, outcome: ended.is, ...('error' in ended ? { err: ended.error } : {}) },
      'A subscription could not be ended; it expires at the provider',
    );
  await context.database.inTenant(tenantId, (tx) => deleteSubscription(tx, id));
}

/**
 * Ends the former accesses of a channel, but leaves those of a provider that this worker lacks to the sweep of another one.
 * False: some are tried again.
 * @param except the channel's own grant, whose end is theirs as well
 */
async function endFormerAccesses(
  context: Context,
  { tenantId, id: channelId }: ChannelRow,
  { except }: { except: string | null },
): Promise<boolean> {
  const rows = await context.database.inTenant(tenantId, (tx) => listFormerAccesses(tx, channelId));
  const isServed = ({ kind, accessType, oauthProvider }: FormerAccess) =>
    kind === 'password' || issuerOf(context, accessType, oauthProvider) !== null;
  let areEnded = true;
  for (const former of rows.filter((row) => row.grantKey !== except && isServed(row))) {
    areEnded = (await endFormerAccess(context, former)) && areEnded;
  }
  return areEnded;
}

/** Revoking one token ends that person's whole grant, so it is skipped while another channel rests on it. */
async function revoke(
  context: Context,
  { channel, credential, issuer }: { channel: ChannelRow; credential: CredentialRow; issuer: OAuthAdapter },
): Promise<Revocation> {
  if (issuer.revocation === 'none') return 'unsupported';
  if (channel.revocation === 'done') return 'done';
  const { grantKey, context: connection } = credential;
  try {
    const grant = { token: await openSecret(context, credential), context: connection };
    return await revokeUnlessShared(context, { oauth: issuer, grantKey, grant }, { channelId: channel.id });
  } catch (error) {
    // A secret that does not open can never be revoked; it is shredded all the same.
    if (error instanceof VaultError) return notRevoked(context, channel, credential);
    throw error;
  }
}

/** How a person revokes by hand; null: the provider is not configured, or says nothing of it. */
function helpOf(context: Context, { accessType }: ChannelRow, credential: CredentialRow): string | null {
  const way =
    credential.kind === 'password'
      ? context.providers.get(accessType)?.signIn.password
      : issuerOf(context, accessType, credential.oauthProvider);
  return way?.revocationHelp ?? null;
}

async function mayTryAgain(context: Context, channel: ChannelRow, revocation: Revocation): Promise<boolean> {
  const now = await context.clock.now();
  const since = channel.disconnectRequestedAt ?? now;
  if (now.getTime() - since.getTime() >= REVOKE_FOR_MS) return false;
  const failures = channel.failures + 1;
  const retryAt = new Date(now.getTime() + gapMs(BACKOFF.revocation, failures));
  // A provider may call a second revocation of the same grant an error.
  const done = revocation === 'done' ? { revocation } : {};
  await context.database.inTenant(channel.tenantId, (tx) =>
    updateChannel(tx, channel.id, { failures, retryAt, ...done }),
  );
  return true;
}

async function finish(
  context: Context,
  { tenantId, id: channelId }: Pick<ChannelRow, 'tenantId' | 'id'>,
  { revocation, help, grantKey = null }: { revocation: Revocation; help: string | null; grantKey?: string | null },
): Promise<boolean> {
  const id = { tenantId, channelId };
  const before = await context.database.inTenant(tenantId, (tx) => findChannel(tx, channelId));
  // A lock on one of its rows does not keep the channel from being disconnected.
  if (before?.eraseRequested) await eraseMail(context, id, someTime()).catch(() => false);
  const now = await context.clock.now();
  const row = await context.database.inTenant(tenantId, async (tx) => {
    const row = await lockChannel(tx, channelId);
    if (!row || row.status !== 'disconnecting') return row;
    await shredCredential(tx, channelId);
    if (grantKey !== null) await shredFormerAccessesOn(tx, channelId, grantKey);
    await cancelRunningImport(tx, channelId, now);
    await letHappen(tx, row, { type: 'disconnected' }, now, {
      revocation,
      revocationHelp: revocation === 'done' ? null : help,
      disconnectedAt: now,
      retryAt: null,
      importState: 'idle',
    });
    return row;
  });
  if (row?.eraseRequested) await eraseSoon(context, id);
  // In its own transaction: of two channels that disconnect at once, the later commit sees that it is the last.
  await eraseTenant(context, tenantId, someTime());
  return true;
}
