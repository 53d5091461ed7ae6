import { setTimeout as sleep } from 'node:timers/promises';
import type { Context } from '../runtime/context.ts';
import { oauthOf } from '../credentials/oauth.ts';
import type { LinkResult } from '../db/schema/links.ts';
import type { AccessType } from '../domain/access-type.ts';
import type { OAuthAdapter, RawAnswer, Session, SessionAccess, TokenSet } from '../providers/contract.ts';
import { readHeads } from '../credentials/heads.ts';
import type { SetAsideReason } from '../domain/receipt.ts';
import { PartUnanswered } from '../domain/verdict.ts';
import { closing } from '../credentials/session.ts';
import type { ConnectionContext } from '../domain/connection-context.ts';
import { withTokenLife } from '../credentials/token-life.ts';
import { earliestHead, endOfSecond } from './sign-in.ts';
import { compareAccount } from './account.ts';
import type { KeptAccess } from './account.ts';
import { gatherEvidence } from '../imports/evidence.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { SignIn, SignInProof } from './sign-in.ts';
import { revokeUnlessShared } from './revoke-grant.ts';
import { storeSignIn } from './store-sign-in.ts';

/** The tokens of the answer to a sign-in's code, with the life of the access token. Throws `ProviderError`. */
export function readCodeAnswer(oauth: OAuthAdapter, answer: RawAnswer, sent: ConnectionContext): Promise<TokenSet> {
  return withTokenLife(oauth, oauth.processTokenAnswer(answer), sent);
}

/**
 * Uses a credential once, before anything is stored (rule 7). Throws `ProviderError`. It also takes the cursors, so that a
 * new channel begins at this position and imports everything after it.
 * @param isPinned to a channel that has its position
 * @param movable the channel that may change its access, and its credential; the proof then has the evidence for it
 */
export async function proveSignIn(
  context: Context,
  accessType: AccessType,
  access: SessionAccess,
  signal: AbortSignal,
  { isPinned = false, movable = null }: { isPinned?: boolean; movable?: Movable | null } = {},
): Promise<SignInProof> {
  const provider = context.providers.get(accessType);
  if (!provider) throw new Error(`Access type ${accessType} is not configured`);
  /** Parts at which a session ended without an answer; the next one leaves them alone. */
  const resting = new Map<string, SetAsideReason>();
  const prove = async (session: Session): Promise<SignInProof> => {
    const identity = await session.identify();
    const isProof = movable !== null && needsEvidence(movable, { accessType, issuer: issuerOf(access), identity });
    const evidence = isProof ? await gatherEvidence(context, session, movable.channel) : null;
    const taking = { signal, resting, tries: isPinned ? 1 : TRIES };
    return { identity, evidence, ...(await takeFirstHeads(context, session, taking)) };
  };
  for (;;) {
    const session = await provider.openSession(access, signal);
    context.killPoint('sign_in.admitted');
    try {
      return await closing(session, prove);
    } catch (error) {
      if (!(error instanceof PartUnanswered) || signal.aborted || resting.size >= MOST_UNANSWERED) throw error;
      resting.set(error.part.scope, 'no_answer');
    }
  }
}

export interface Movable {
  channel: ChannelRow;
  kept: KeptAccess | null;
}

const issuerOf = (access: SessionAccess) => (access.kind === 'token' ? (access.issuer ?? null) : null);

/** Whether nothing but the stored mail can tell that the mailbox is the channel's. */
function needsEvidence({ channel, kept }: Movable, arrival: Parameters<typeof compareAccount>[2]): boolean {
  const { vouchesForAddress, readsAlike } = arrival.identity;
  const likeness = compareAccount(channel, kept, arrival);
  return likeness !== 'same' && likeness !== 'other' && !vouchesForAddress && !readsAlike?.(channel.mailboxKey);
}

/** Each costs a login, and the patience of a person. */
const MOST_UNANSWERED = 2;

/** Providers date mail and tell their time in whole seconds, some a second late. */
const SECOND_MS = 1_000;
const SAME_CLOCK_MS = 3 * SECOND_MS;
const TRIES = 4;

/**
 * Takes the heads in a second in which no message has come yet, so that dates separate mail before the connection from mail
 * after it, also after an expired cursor. It waits until the second of a recent message is over, but not for a clock that
 * differs, nor for an account with mail every second: in doubt a message is imported.
 */
async function takeFirstHeads(
  { clock }: Pick<Context, 'clock'>,
  session: Session,
  { signal, resting, tries }: { signal: AbortSignal; resting: ReadonlyMap<string, SetAsideReason>; tries: number },
): Promise<Pick<SignInProof, 'heads' | 'aside' | 'newestAt'>> {
  const newestAt = await session.newestAt?.();
  const { heads, aside } = await readHeads(session, { resting });
  const waitMs = newestAt ? endOfSecond(newestAt) - (earliestHead(heads) ?? (await clock.now())).getTime() : 0;
  if (waitMs <= 0 || waitMs > SAME_CLOCK_MS || tries <= 1) return { heads, aside, newestAt };
  await sleep(Math.min(waitMs, SECOND_MS), undefined, { signal });
  return takeFirstHeads({ clock }, session, { signal, resting, tries: tries - 1 });
}

/**
 * Stores a proved sign-in, or refuses it and changes nothing; returns the result for the link. Storing the credential,
 * clearing the error, queueing the import and using up the link are one transaction (rule 8); the rest follows by itself.
 */
export async function completeSignIn(context: Context, signIn: SignIn): Promise<LinkResult> {
  context.killPoint('sign_in.proved');
  const result = await storeSignIn(context, signIn);
  if (result.status === 'failed') await dropGrant(context, signIn);
  return result;
}

/**
 * Revokes the new grant of a refused account, unless another holder rests on it: revoking one token would end them all.
 * A courtesy to that person; if it fails, nothing of theirs is stored here anyway.
 */
async function dropGrant(context: Context, { link, accessType, credential, proof }: SignIn): Promise<void> {
  // A grant that the product handed over is its own and stays valid.
  if (link === null) return;
  if (credential.kind !== 'oauth') return;
  const oauth = oauthOf(context, accessType, credential.provider);
  if (oauth.revocation === 'none') return;
  const token = credential.tokens.refreshToken ?? credential.tokens.accessToken;
  const grant = { token, context: credential.tokens.context };
  const { grantKey } = proof.identity;
  await revokeUnlessShared(context, { oauth, grantKey, grant }, { timeoutMs: 5_000 }).catch(() => {});
}
