import type { Context } from '../runtime/context.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { swapCredential } from '../db/credentials/credentials.ts';
import { letHappen } from '../channels/happenings.ts';
import { queueMissedMail } from '../channels/missed-mail.ts';
import { planRenewal } from '../db/channels/subscriptions.ts';
import type { SignIn } from './sign-in.ts';
import { isMailboxOf } from './account.ts';
import { firstRefreshAt, newCredential } from './new-credential.ts';
import { renewedSubmission, renewedUses } from './renewed-uses.ts';
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
    ...renewedUses(context, signIn, channel),
    failures: 0,
    trouble: null,
    suspicion: null,
    passwordRetries: null,
    retryAt: null,
    refreshRequestedAt: null,
    proofRequestedAt: null,
    checkRequestedAt: null,
    checkedAt: null, // a check of the old credential answers no report about the new one
    lastVerifiedAt: now,
    nextRefreshAt: firstRefreshAt(channel.id, credential),
    nextPollAt: now,
    nextDueAt: now,
  });
  // It ended with the old grant, without a notice of the provider.
  await planRenewal(tx, channel.id, now);
  await queueMissedMail(tx, channel, { windowFrom: channel.coveredUntil }, now);
  return changed;
}

/**
 * An account that was renamed at the provider keeps its channel under the new address. A password's account has the key
 * and the address that it had: no server says what a login is called.
 */
function renewedAccount(signIn: SignIn, channel: ChannelRow) {
  const { credential, proof } = signIn;
  const { account, mailboxKey, serverKey } = proof.identity;
  const renewed = {
    accountLogin: account.login,
    accountProviderId: account.providerId,
    server: serverOf(credential),
    smtp: renewedSubmission(signIn, channel),
  };
  if (serverKey === channel.serverKey) return renewed;
  if (serverKey !== null) return { ...renewed, mailboxKey, serverKey };
  const isSame = isMailboxOf(channel, mailboxKey);
  return { ...renewed, accountEmail: account.email, ...(isSame ? {} : { mailboxKey }) };
}
