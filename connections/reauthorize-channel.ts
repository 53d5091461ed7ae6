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
import type { MailServer } from '../domain/mail-server.ts';
import type { SignIn } from './sign-in.ts';
import { firstRefreshAt, newCredential } from './new-credential.ts';
import { mailboxKeyOf } from '../domain/mailbox-key.ts';
import { serverOf } from './sign-in.ts';

/**
 * New credentials in the place of the old ones: same channel, same cursors, same history. `channel` is locked, so a
 * refresh that ends meanwhile waits for this transaction, and then finds a newer version and drops its own.
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
    ...renewedAccount(signIn),
    failures: 0,
    trouble: null,
    suspicion: null,
    retryAt: null,
    refreshRequestedAt: null,
    checkRequestedAt: null,
    checkedAt: null, // that was the credential before: it answers no report about this one
    lastVerifiedAt: now,
    nextRefreshAt: firstRefreshAt(channel.id, credential),
    nextPollAt: now,
    nextDueAt: now,
  });
  // It ended with the old grant, and the provider told nobody.
  await planRenewal(tx, channel.id, now);
  await leaveServer(tx, channel, serverOf(signIn.credential));
  await queueMissedMail(tx, channel, now);
  return changed;
}

/** An account that was renamed at its provider keeps its channel under the new address. */
function renewedAccount({ credential, proof }: SignIn) {
  const { account } = proof.identity;
  return {
    accountEmail: account.email,
    accountLogin: account.login,
    accountProviderId: account.providerId,
    mailboxKey: mailboxKeyOf(account.email),
    server: serverOf(credential),
  };
}

/**
 * The mailbox has moved to another server, where all ids are new, and may by chance be the same as the old ones: nothing
 * is known by them any more. What is stored is known again by its headers and content.
 */
async function leaveServer(tx: Transaction, channel: ChannelRow, server: MailServer | null): Promise<void> {
  if (!channel.server || !server) return;
  if (channel.server.host.toLowerCase() === server.host.toLowerCase() && channel.server.port === server.port) return;
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
