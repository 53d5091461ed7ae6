import type { ChannelRow } from '../db/channels/channels.ts';
import { isComparable, isSameMailbox } from '../imports/evidence.ts';
import { mismatch } from './account.ts';
import type { AccountMismatch } from './account.ts';
import { failure } from './sign-in.ts';
import type { Failure, SignIn } from './sign-in.ts';

/**
 * Why a sign-in at another server may not move the channel there; null: it may. The product has to allow it, and the mail
 * has to be there. A refusal does not say how much of it was found: a person could ask in this way what the mailbox holds.
 */
export function refusalOfMove({ link, proof }: SignIn, channel: ChannelRow, both: AccountMismatch): Failure | null {
  if (!link?.spec.allowServerChange) return mismatch(both);
  const evidence = proof.evidence ?? { stored: 0, matched: 0 };
  if (!isComparable(channel, evidence)) return link.spec.attested ? null : { ...ATTESTATION_REQUIRED, ...both };
  if (isSameMailbox(evidence)) return null;
  const refused = mismatch(both);
  return { ...refused, detail: `${refused.detail} Too little of the channel’s mail is at the new server.` };
}

const ATTESTATION_REQUIRED = failure(
  'attestation_required',
  'Too little mail is stored to tell whether the mailbox is the same at the new server. Make a link with `attested: true` if you know that it is. Nothing was changed.',
);
