import type { Context } from '../runtime/context.ts';
import { endAdoption, forgetAdoptionsOf, lockAdoption } from '../db/credentials/adoptions.ts';
import {
  findChannel,
  findLiveChannel,
  findLiveChannelElsewhere,
  findOtherLiveChannel,
  holdAccount,
  lockChannel,
} from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { findCredentialState } from '../db/credentials/credentials.ts';
import type { CredentialState } from '../db/credentials/credentials.ts';
import { holdGrant, isRevokedSince } from '../db/credentials/grant-revocations.ts';
import { failLink, lockLink, useLink } from '../db/access/links.ts';
import type { LinkResult } from '../db/schema/links.ts';
import { ensureTenant } from '../db/access/tenants.ts';
import { inWakingTransaction } from '../channels/wake.ts';
import type { Waking } from '../channels/wake.ts';
import { connectChannel } from './connect-channel.ts';
import { reauthorizeChannel } from './reauthorize-channel.ts';
import { accountKeyOf, isMailboxOf, likenessOf, mismatch, namesOf } from './account.ts';
import type { Likeness } from './account.ts';
import { changeAccess } from './change/change-access.ts';
import { refusalOfMove } from './change/same-mailbox.ts';
import { isSameAddress } from '../domain/address.ts';
import type { SignIn } from './sign-in.ts';
import { failure } from './sign-in.ts';
import type { Failure } from './sign-in.ts';
import { LEFT, isOneOf } from '../domain/channel.ts';

/** How long a repeated request with the same token gets the channel that came of it, in ms. */
const ADOPTION_KEPT_MS = 24 * 3_600_000;

/** The one transaction of a sign-in. */
export function storeSignIn(context: Context, signIn: SignIn): Promise<LinkResult> {
  const { tenantId, link } = signIn;
  const store = async ({ tx, now, wake }: Waking): Promise<LinkResult> => {
    await ensureTenant(tx, tenantId, now);
    const ended = await adoptionEnd(tx, signIn);
    if (ended) return ended;
    const held = link && (await lockLink(tx, link.id));
    if (held?.usedAt) return refuse(tx, null, failure('link_used', 'This link has been used already.'));
    const stored = await storeCredential(context, tx, signIn, now);
    if (stored.status === 'failed') return refuse(tx, link?.id ?? null, stored);
    if (link) await useLink(tx, link.id, stored.id, now);
    await settleAdoptions(tx, signIn, stored.id, now);
    await wake(stored);
    context.killPoint('sign_in.settling');
    return { status: 'connected', channel: stored.id };
  };
  return inWakingTransaction(context, tenantId, store, () => context.killPoint('sign_in.settled'));
}

/** The channel with its new credential, or why there is none. */
async function storeCredential(
  context: Context,
  tx: Transaction,
  signIn: SignIn,
  now: Date,
): Promise<ChannelRow | Failure> {
  await holdAccount(tx, accountKeyOf(signIn));
  if (await isRevokedAtBirth(tx, signIn)) return REVOKED_AT_BIRTH;
  // A server of the release before holds no account: its channel may appear between the look and the insert.
  for (;;) {
    const channel = await channelOf(tx, signIn);
    const known = channel && (await compare(tx, signIn, channel));
    const refusal = await refusalOf(tx, signIn, known);
    if (refusal) return refusal;
    if (known) {
      const store = known.likeness === 'same' ? reauthorizeChannel : changeAccess;
      return store(context, tx, { signIn, channel: known.channel, now });
    }
    const connected = await connectChannel(context, tx, signIn, now);
    if (connected) return connected;
  }
}

/**
 * A revocation of the grant was under way after the tokens were asked for: they may have ended with it. From here to the
 * commit no revocation of the grant begins, and one that begins later sees this holder.
 */
async function isRevokedAtBirth(tx: Transaction, { credential, proof }: SignIn): Promise<boolean> {
  if (credential.kind !== 'oauth') return false;
  const { grantKey } = proof.identity;
  await holdGrant(tx, grantKey);
  return isRevokedSince(tx, grantKey, credential.askedAt);
}

const REVOKED_AT_BIRTH = failure(
  'state_invalid',
  'An earlier access of this account ended at the provider during the sign-in, and may have taken the new one with it. Sign in once more. Nothing was changed.',
);

/** The channel that a sign-in is for, with its credential, and how the sign-in relates to it. */
interface Known {
  channel: ChannelRow;
  kept: CredentialState | null;
  likeness: Likeness;
}

async function compare(tx: Transaction, signIn: SignIn, channel: ChannelRow): Promise<Known> {
  const kept = await findCredentialState(tx, channel.id);
  return { channel, kept, likeness: likenessOf(channel, kept, signIn) };
}

/** What another process has made of this adoption meanwhile; null: this process ends it. */
async function adoptionEnd(tx: Transaction, { tenantId, adoption }: SignIn): Promise<LinkResult | null> {
  if (!adoption) return null;
  const row = await lockAdoption(tx, { tenantId, tokenHash: adoption.tokenHash });
  if (!row) return failure('adoption_in_progress', 'This adoption was withdrawn meanwhile. Ask again.');
  return row.channelId === null ? null : { status: 'connected', channel: row.channelId };
}

/** The channel rests on this sign-in from now on, and on no token that was handed over before it. */
async function settleAdoptions(tx: Transaction, signIn: SignIn, channelId: string, now: Date): Promise<void> {
  const { tenantId, adoption } = signIn;
  await forgetAdoptionsOf(tx, channelId);
  if (!adoption) return;
  const expiresAt = new Date(now.getTime() + ADOPTION_KEPT_MS);
  await endAdoption(tx, { tenantId, tokenHash: adoption.tokenHash }, { channelId, expiresAt });
}

async function refuse(tx: Transaction, linkId: string | null, result: Failure): Promise<Failure> {
  if (linkId) await failLink(tx, linkId, result);
  return result;
}

/** The channel this sign-in is for: the link's, or the live one of the same account; null: a new one. Locked. */
async function channelOf(tx: Transaction, signIn: SignIn): Promise<ChannelRow | null> {
  const { link } = signIn;
  if (link?.purpose !== 'connect' && link?.channelId) {
    await lockChannel(tx, link.channelId);
    return findChannel(tx, link.channelId);
  }
  return findLiveChannel(tx, accountKeyOf(signIn));
}

async function refusalOf(tx: Transaction, signIn: SignIn, known: Known | null): Promise<Failure | null> {
  const { account } = signIn.proof.identity;
  const wanted = signIn.spec.mailbox;
  if (wanted && !isSameAddress(wanted, account.email)) {
    return mismatch({ expected: { email: wanted }, received: { email: account.email } });
  }
  const unlike = known ? await unlikeness(tx, signIn, known) : await adoptedElsewhere(tx, signIn);
  if (unlike) return unlike;
  if (known && isOneOf(LEFT, known.channel.status)) {
    return failure('link_expired', 'This channel has been disconnected since. Connect it again as a new one.');
  }
  return lacksRefreshToken(signIn, known) ? NO_REFRESH_TOKEN : null;
}

/** Why the sign-in is not for this channel; null: it is, or it moves the channel to another access or address. */
async function unlikeness(
  tx: Transaction,
  signIn: SignIn,
  { channel, kept, likeness }: Known,
): Promise<Failure | null> {
  const { identity } = signIn.proof;
  if (likeness === 'same' && isMailboxOf(channel, identity.mailboxKey)) return null;
  if (likeness !== 'same') {
    const both = namesOf(channel, signIn);
    const refusal =
      likeness === 'other' ? mismatch(both) : refusalOfMove(signIn, { channel, kept, move: likeness }, both);
    if (refusal) return refusal;
  }
  const there = await findOtherLiveChannel(tx, accountKeyOf(signIn), channel.id);
  return there && failure('account_connected', `This account is connected already, as ${there.id}.`);
}

/**
 * A product that hands over a password for an address which has a channel at another server means that channel, and
 * nothing vouches for the new server. A person with a connect link connects another account.
 */
async function adoptedElsewhere(tx: Transaction, signIn: SignIn): Promise<Failure | null> {
  const { link, proof } = signIn;
  if (link !== null || proof.identity.serverKey === null) return null;
  const { email } = proof.identity.account;
  const elsewhere = await findLiveChannelElsewhere(tx, { ...accountKeyOf(signIn), email });
  return elsewhere && mismatch(namesOf(elsewhere, signIn));
}

/**
 * Without a new refresh token the old one is kept only if the channel was not waiting for a person; else the old one
 * is what was refused, and consent has to be asked again. A pause may hide that it was waiting.
 */
function lacksRefreshToken({ credential }: SignIn, known: Known | null): boolean {
  if (credential.kind !== 'oauth' || credential.tokens.refreshToken) return false;
  // The secret that would stay has to be a refresh token of the same access.
  if (!known || known.likeness !== 'same' || known.kept?.kind !== 'oauth') return true;
  const { status, trouble } = known.channel;
  if (status === 'reauth_required') return true;
  if (status === 'paused' && trouble === 'credential') return true;
  return known.kept.oauthProvider !== null && known.kept.oauthProvider !== credential.provider;
}

const NO_REFRESH_TOKEN = failure(
  'no_refresh_token',
  'The provider gave no lasting access. Sign in once more and agree on the consent page.',
);
