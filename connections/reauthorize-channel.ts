import type { Context } from '../runtime/context.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { swapCredential } from '../db/credentials/credentials.ts';
import { VOID_CURSOR, insertCursors, voidCursors } from '../db/imports/cursors.ts';
import { letHappen } from '../channels/happenings.ts';
import { queueMissedMail } from '../channels/missed-mail.ts';
import { findRunningImport } from '../db/imports/imports.ts';
import { returnToLane } from '../db/imports/owed.ts';
import { restartScopes } from '../db/imports/scopes.ts';
import { forgetSetAside } from '../db/imports/set-aside.ts';
import { findLastReceived, forgetGenerations } from '../db/messages/messages.ts';
import { oauthOf } from '../credentials/oauth.ts';
import { planRenewal } from '../db/channels/subscriptions.ts';
import type { Use } from '../domain/access-type.ts';
import type { SubmissionServer } from '../domain/server.ts';
import type { ScopeHead } from '../providers/contract.ts';
import type { SignIn } from './sign-in.ts';
import { earliest } from '../imports/heads.ts';
import { isMailboxOf } from './account.ts';
import { askedUses, missingOf } from '../channels/granted-uses.ts';
import { firstRefreshAt, newCredential } from './new-credential.ts';
import { serverOf, submissionOf, usesOf } from './sign-in.ts';

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
  const hasMoved = changed.serverKey !== channel.serverKey;
  if (hasMoved) await leaveServer(tx, channel, signIn.proof.heads, now);
  await queueMissedMail(tx, channel, hasMoved ? await openGap(tx, channel) : channel.coveredUntil, now);
  return changed;
}

/**
 * A sign-in that asks for less, such as one by a connect link that only reads, drops no use that was asked for: a use that
 * the new credential allows stays, the others are missing from now on.
 */
function renewedUses(context: Context, signIn: SignIn, channel: ChannelRow): { uses: Use[]; missingUses: Use[] } {
  const { accessType, credential, spec } = signIn;
  const now = usesOf(context, signIn);
  const asked = askedUses(channel, spec.uses);
  const unasked = channel.uses.filter((use) => !spec.uses.includes(use));
  const isKept = (use: Use) => {
    if (credential.kind === 'password') return use === 'send' && renewedSubmission(signIn, channel) !== null;
    const { scopes } = credential.tokens;
    return (
      scopes !== null && oauthOf(context, accessType, credential.provider).missingScopes(scopes, [use]).length === 0
    );
  };
  const uses = asked.filter((use) => now.uses.includes(use) || (unasked.includes(use) && isKept(use)));
  return { uses, missingUses: missingOf(asked, uses) };
}

/** The server that was named, else the channel's own, if its mailbox stays where it is. */
function renewedSubmission({ credential, proof }: SignIn, channel: ChannelRow): SubmissionServer | null {
  const given = submissionOf(credential);
  if (given || credential.kind !== 'password') return given;
  return proof.identity.serverKey === channel.serverKey ? channel.smtp : null;
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

/**
 * The mailbox moved to another server, whose ids are new but may equal old ones by chance: no message is recognised by its
 * id any more, only by headers and content. A folder that has another name there is no new one, all of whose mail counts:
 * every folder is listed by its dates.
 */
async function leaveServer(tx: Transaction, channel: ChannelRow, heads: ScopeHead[], now: Date): Promise<void> {
  const { id: channelId, tenantId } = channel;
  const named = heads.map((head) => ({ ...head, cursor: head.cursor === null ? null : VOID_CURSOR }));
  await insertCursors(tx, { tenantId, channelId, now }, named);
  await voidCursors(tx, channel.id);
  await forgetGenerations(tx, channel.id);
  await returnToLane(tx, channel.id, now);
  await restartScopes(tx, channel.id);
  await forgetSetAside(tx, channel.id);
}

/**
 * From when on mail may have gone to the new server alone: the old one was read until now, and had no more since its last
 * message. In gap mode the product has the mail that was covered. An import under way may have begun earlier.
 */
async function openGap(tx: Transaction, channel: ChannelRow): Promise<Date | null> {
  const { coveredUntil, importMode, ownedFrom, createdAt } = channel;
  if (coveredUntil === null) return coveredUntil;
  const begun = (await findRunningImport(tx, channel.id))?.windowFrom ?? coveredUntil;
  if (importMode === 'gap') return earliest([begun, coveredUntil]);
  const last = (await findLastReceived(tx, channel.id)) ?? ownedFrom ?? createdAt;
  return earliest([begun, last, coveredUntil]);
}
