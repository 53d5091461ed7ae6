import type { ChannelRow } from '../../db/channels/channels.ts';
import { isSameAddress } from '../../domain/address.ts';
import { isComparable, isSameMailbox } from '../../imports/evidence.ts';
import { mismatch } from '../account.ts';
import type { AccountMismatch, KeptAccess, Likeness } from '../account.ts';
import { failure } from '../sign-in.ts';
import type { Failure, SignIn } from '../sign-in.ts';

type Move = Exclude<Likeness, 'same' | 'other'>;

/**
 * Why a sign-in by another access may not take the channel over; null: it may. The link has to allow it, and the mailbox has
 * to be the same: a provider that vouches for the address says so, else the mail has to be there (rule 7). A refusal does not
 * say how much of it was found: a person could ask in this way what the mailbox holds.
 */
export function refusalOfMove(
  signIn: SignIn,
  { channel, kept, move }: { channel: ChannelRow; kept: KeptAccess | null; move: Move },
  both: AccountMismatch,
): Failure | null {
  const { link, proof } = signIn;
  if (!allows(signIn, channel, move)) return mismatch(both);
  const { identity } = proof;
  if (identity.readsAlike?.(channel.mailboxKey)) return null;
  const isAddress = isSameAddress(identity.account.email, channel.accountEmail);
  if (identity.vouchesForAddress) return isAddress && isSamePerson(signIn, channel, kept) ? null : mismatch(both);
  if (move === 'other_access' && !isAddress) return mismatch(both);
  const { evidence } = proof;
  if (!evidence) return CHANGED_MEANWHILE;
  if (!isComparable(channel, evidence)) return link?.spec.attested ? null : { ...ATTESTATION_REQUIRED, ...both };
  if (isSameMailbox(evidence)) return null;
  const refused = mismatch(both);
  return { ...refused, detail: `${refused.detail} Too little of the channel’s mail is there.` };
}

/** A link to sign in again offers other access types; the other ways of the channel's own need a link that is made for it. */
function allows({ link, accessType }: SignIn, channel: ChannelRow, move: Move): boolean {
  if (!link || link.purpose === 'connect') return false;
  if (move === 'other_server') return link.spec.allowServerChange === true;
  return link.purpose === 'change_access' || accessType !== channel.accessType;
}

/** A provider's own id of a login decides, where both ways are at that provider: an address can be given to another person. */
function isSamePerson({ credential, proof }: SignIn, channel: ChannelRow, kept: KeptAccess | null): boolean {
  if (credential.kind !== 'oauth' || kept?.oauthProvider !== credential.provider) return true;
  const isDelegate = !isSameAddress(channel.accountLogin, channel.accountEmail);
  if (channel.kind === 'shared' || isDelegate) return true;
  return proof.identity.account.providerId === channel.accountProviderId;
}

/** The proof compared nothing: when it began, the channel had the access of this sign-in. */
const CHANGED_MEANWHILE = failure(
  'state_invalid',
  'The channel’s access changed during the sign-in, so no mail was compared. Sign in once more. Nothing was changed.',
);

const ATTESTATION_REQUIRED = failure(
  'attestation_required',
  'Too little mail is stored to tell whether the mailbox is the same there. Make a link with `attested: true` if you know that it is. Nothing was changed.',
);
