import type { Context } from '../../runtime/context.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import type { Transaction } from '../../db/client.ts';
import { moveWatch } from '../../db/channels/watches.ts';
import { swapCredential } from '../../db/credentials/credentials.ts';
import { letHappen } from '../../channels/happenings.ts';
import { accountKeyOf } from '../account.ts';
import { leaveAccount } from './leave-account.ts';
import { firstRefreshAt, newCredential } from '../new-credential.ts';
import { beginAccess, restLiveAccess } from './rest-access.ts';
import { renewedUses } from '../renewed-uses.ts';
import { serverOf, submissionOf } from '../sign-in.ts';
import type { SignIn } from '../sign-in.ts';

/**
 * Moves a channel to another access in place: the same channel, mail and settings, another credential. The access before
 * rests for the way back. `channel` is locked, so a refresh, a poll or an import of the access before that ends meanwhile
 * waits for this transaction and stores nothing after it.
 */
export async function changeAccess(
  context: Context,
  tx: Transaction,
  { signIn, channel, now }: { signIn: SignIn; channel: ChannelRow; now: Date },
): Promise<ChannelRow> {
  const { accessType, proof } = signIn;
  const version = channel.credentialVersion + 1;
  await restLiveAccess(tx, channel, { canReturn: true, now });
  const credential = await newCredential(context, signIn, { channelId: channel.id, version, now });
  const values = { scopes: [], tokenIdentifiers: null, ...credential };
  const swapped = await swapCredential(tx, { channelId: channel.id, version: channel.credentialVersion }, values);
  if (!swapped) throw new Error(`The credential of ${channel.id} is no longer at version ${channel.credentialVersion}`);
  const happening = {
    type: 'access_changed',
    credentialVersion: version,
    from: channel.accessType,
    to: accessType,
    reversal: false,
  } as const;
  const changed = await letHappen(tx, channel, happening, now, {
    ...newAccount(signIn, channel),
    ...renewedUses(context, signIn, channel),
    ...beginAccess(version, now),
    lastVerifiedAt: now,
    nextRefreshAt: firstRefreshAt(channel.id, credential),
  });
  await moveWatch(tx, changed);
  const { windowOverlapMs: overlapMs = 0 } = context.providers.get(accessType)?.capabilities ?? {};
  await leaveAccount(tx, channel, { parts: proof.heads, aside: proof.aside, overlapMs }, now);
  return changed;
}

/** The address stays where no provider vouches for another: no server says what a login is called. */
function newAccount(signIn: SignIn, channel: ChannelRow) {
  const { account, serverKey } = signIn.proof.identity;
  const { accessType, mailboxKey, serverKey: storedKey } = accountKeyOf(signIn);
  return {
    accessType,
    accountEmail: serverKey === null ? account.email : channel.accountEmail,
    accountLogin: account.login,
    accountProviderId: account.providerId,
    mailboxKey,
    serverKey: storedKey,
    server: serverOf(signIn.credential),
    smtp: submissionOf(signIn.credential),
  };
}
