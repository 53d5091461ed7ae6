import { askedUses, missingOf } from '../channels/granted-uses.ts';
import { oauthOf } from '../credentials/oauth.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Use } from '../domain/access-type.ts';
import type { SubmissionServer } from '../domain/server.ts';
import type { Context } from '../runtime/context.ts';
import { submissionOf, usesOf } from './sign-in.ts';
import type { SignIn } from './sign-in.ts';

/**
 * A sign-in that asks for less, such as one by a connect link that only reads, drops no use that was asked for: a use that
 * the new credential allows stays, the others are missing from now on.
 */
export function renewedUses(
  context: Context,
  signIn: SignIn,
  channel: ChannelRow,
): { uses: Use[]; missingUses: Use[] } {
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
export function renewedSubmission({ credential, proof }: SignIn, channel: ChannelRow): SubmissionServer | null {
  const given = submissionOf(credential);
  if (given || credential.kind !== 'password') return given;
  return proof.identity.serverKey === channel.serverKey ? channel.smtp : null;
}
