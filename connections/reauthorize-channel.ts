import type { Context } from '../runtime/context.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { swapCredential } from '../db/credentials/credentials.ts';
import { voidCursors } from '../db/imports/cursors.ts';
import { letHappen } from '../channels/happenings.ts';
import { restartScopes } from '../db/imports/scopes.ts';
import { forgetSetAside } from '../db/imports/set-aside.ts';
import { queueImport } from '../db/imports/imports.ts';
import { forgetGenerations } from '../db/messages/messages.ts';
import { planRenewal } from '../db/channels/subscriptions.ts';
import type { SignIn } from './sign-in.ts';
import { firstRefreshAt, newCredential } from './new-credential.ts';
import { serverOf } from './sign-in.ts';

/**
 * Replaces the credential: same channel, same cursors, same history. `channel` is locked, so a refresh that ends meanwhile
 * waits for this transaction, finds a newer version and drops its own.
 */
export async function reauthorizeChannel(
  context: Context,
  tx: Transaction,
  { signIn, channel, now }: { signIn: SignIn; channel: ChannelRow; now: Date },
): Promise<ChannelRow> {
  const version = channel.credentialVersion + 1;
  const credential = await newCredential(context, signIn, { channelId: channel.id, version, now });
  const swapped = await swapCredential(tx, { channelId: channel.id, version: channel.credentialVersion }, credential);
  if (!swapped) throw new Error(`The credential of ${channel.id} is no longer at version ${channel.credentialVersion}`);
  const changed = await letHappen(tx, channel, { type: 'reauthorized', credentialVersion: version }, now, {
    ...renewedAccount(signIn, channel),
    failures: 0,
    trouble: null,
    suspicion: null,
    retryAt: null,
    refreshRequestedAt: null,
    checkRequestedAt: null,
    checkedAt: null, // a check of the old credential answers no report about the new one
    lastVerifiedAt: now,
    nextRefreshAt: firstRefreshAt(channel.id, credential),
    nextPollAt: now,
    nextDueAt: now,
  });
  // It ended with the old grant, without a notice of the provider.
  await planRenewal(tx, channel.id, now);
  if (changed.serverKey !== channel.serverKey) await leaveServer(tx, channel);
  await queueMissedMail(tx, channel, now);
  return changed;
}

/**
 * An account that was renamed at the provider keeps its channel under the new address. A password's account has the key
 * and the address that it had: no server says what a login is called.
 */
function renewedAccount({ credential, proof }: SignIn, channel: ChannelRow) {
  const { account, mailboxKey, serverKey } = proof.identity;
  const renewed = {
    accountLogin: account.login,
    accountProviderId: account.providerId,
    server: serverOf(credential),
  };
  if (serverKey === channel.serverKey) return renewed;
  if (serverKey !== null) return { ...renewed, mailboxKey, serverKey };
  return { ...renewed, accountEmail: account.email, mailboxKey };
}

/**
 * The mailbox moved to another server, whose ids are new but may equal old ones by chance: no message is recognised by its
 * id any more, only by headers and content.
 */
async function leaveServer(tx: Transaction, channel: ChannelRow): Promise<void> {
  await voidCursors(tx, channel.id);
  await forgetGenerations(tx, channel.id);
  await restartScopes(tx, channel.id);
  await forgetSetAside(tx, channel.id);
}

/** The gap, from what is covered to this sign-in; everything after the cursor is missed by definition. */
async function queueMissedMail(tx: Transaction, channel: ChannelRow, now: Date): Promise<void> {
  if (channel.importMode === 'off') return;
  await queueImport(tx, {
    tenantId: channel.tenantId,
    channelId: channel.id,
    cause: 'reauthorized',
    windowFrom: channel.coveredUntil,
    windowTo: null,
    movesCursor: true,
    backfill: true,
    now,
  });
}
