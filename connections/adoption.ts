import type { Context } from '../runtime/context.ts';
import { dropAdoption, failAdoption } from '../db/credentials/adoptions.ts';
import type { AdoptionFailure, AdoptionRequest, AdoptionRow } from '../db/credentials/adoptions.ts';
import type { LinkResult, LinkSpec } from '../db/access/links.ts';
import { USES } from '../domain/access-type.ts';
import type { AccessType, Use } from '../domain/access-type.ts';
import type { Secret } from '../domain/secret.ts';
import { tokenLifeMs } from '../domain/schedule.ts';
import { BACKOFF, gapMs } from '../domain/backoff.ts';
import { ProviderError } from '../domain/verdict.ts';
import { oauthOf } from '../credentials/oauth.ts';
import { understandAnswer } from '../credentials/one-time-exchange-answer.ts';
import { withTokenLife } from '../credentials/token-life.ts';
import { whileRenewing } from '../credentials/one-time-exchange.ts';
import type { RawAnswer, TokenSet } from '../providers/contract.ts';
import { completeSignIn } from './complete-sign-in.ts';
import { compareGrant } from '../channels/granted-uses.ts';
import { proveGrant, refusalToSend } from './prove-grant.ts';
import { isSameAddress } from '../domain/address.ts';
import { leaseOf, openAdoption } from './send-adoption.ts';

/** A token that was sent, and the provider's answer, which is stored. */
export interface AnsweredAdoption {
  row: Pick<AdoptionRow, 'tenantId' | 'tokenHash' | 'holder' | 'accessType' | 'request' | 'tries'>;
  /** What the product handed over. */
  token: Secret;
  answer: RawAnswer;
  /** Before the token left. */
  askedAt: Date;
  answeredAt: Date;
}

export type AdoptionOutcome = Extract<LinkResult, { status: 'connected' }> | AdoptionFailure;

/**
 * Makes a channel of an answer that is stored already: understands it, proves it, checks the account and stores it. A
 * failure is written down where a later try may help, and is forgotten where the product's own token is as good.
 */
export async function finishAdoption(context: Context, adoption: AnsweredAdoption): Promise<AdoptionOutcome> {
  const oauth = oauthOfRow(context, adoption.row);
  const answered = understandAnswer(oauth, adoption.answer);
  const tokens =
    answered instanceof ProviderError
      ? null
      : await withTokenLife(oauth, answered, adoption.row.request.connection ?? {});
  const outcome = tokens ? await proveAndStore(context, adoption, tokens) : refusedBy(answered);
  if (outcome.status !== 'connected') await settleFailure(context, adoption, outcome, tokens);
  context.killPoint('adoption.settled');
  return outcome;
}

/** Finishes a stored answer whose server died, or whose provider was in trouble. Only a worker can open it (rule 1). */
export function finishLeftAdoption(context: Context, row: AdoptionRow): Promise<AdoptionOutcome> {
  return whileRenewing(context, leaseOf(row), async () => {
    const opened = await openAdoption(context, row);
    const { createdAt, sentAt, answeredAt } = row;
    const times = { askedAt: sentAt ?? createdAt, answeredAt: answeredAt ?? createdAt };
    return finishAdoption(context, { row, ...opened, ...times });
  });
}

const oauthOfRow = (context: Context, { accessType, request }: AnsweredAdoption['row']) =>
  oauthOf(context, accessType, request.provider ?? null);

/** When the next of several tries is made. */
export function nextTryAt(now: Date, tries: number, retryAfterMs: number | null = null): Date {
  return new Date(now.getTime() + gapMs(BACKOFF.adoption, tries + 1, { retryAfterMs }));
}

function refusedBy(error: unknown): AdoptionFailure {
  if (error instanceof ProviderError) return { status: 'refused', message: error.message, verdict: error.verdict };
  throw error;
}

async function proveAndStore(
  context: Context,
  { row, token, askedAt, answeredAt }: AnsweredAdoption,
  answered: TokenSet,
): Promise<AdoptionOutcome> {
  const { tenantId, tokenHash, accessType, request } = row;
  const oauth = oauthOfRow(context, row);
  const kept = oauth.logins?.kept(request.connection ?? {});
  const tokens = { ...answered, context: { ...kept, ...answered.context } };
  const provider = context.providers.get(accessType);
  // Sending that the request does not name is asked for only where the granted scopes prove it, without a login of its own.
  const readsOnly = request.uses === undefined && (tokens.scopes === null || provider?.proveSending !== undefined);
  const asked = request.uses ?? (readsOnly ? (['read'] as const) : USES);
  const { granted, lacking } = compareGrant(oauth, tokens.scopes, asked);
  if (lacking.length > 0) return failed('scope_missing', `The grant lacks ${lacking.join(', ')}`);
  const { accessToken, idToken = null, context: connection } = tokens;
  const mailbox = request.mailbox ?? (request.kind === 'shared' ? request.email : null);
  const at = { issuer: oauth.provider, mailbox, address: mailboxOf(request), context: connection };
  const access = { kind: 'token', accessToken, idToken, ...at } as const;
  try {
    const proof = await proveGrant(context, accessType, access, { isPinned: false });
    const received = proof.identity.account.email;
    const expected = mailboxOf(request);
    if (!isSameAddress(received, expected)) return otherAccount(expected, received);
    const refusal = await refusalToSend(context, accessType, access, { proof, granted });
    if (refusal) return refusedBy(refusal);
    return await completeSignIn(context, {
      tenantId,
      link: null,
      accessType,
      spec: adoptionSpec(accessType, request, request.uses ?? granted),
      granted,
      credential: {
        kind: 'oauth',
        provider: oauth.provider,
        tokens: { ...tokens, refreshToken: tokens.refreshToken ?? token },
        askedAt,
      },
      proof,
      coveredUntil: request.coveredUntil === null ? null : new Date(request.coveredUntil),
      adoption: { tokenHash, answeredAt },
    });
  } catch (error) {
    return refusedBy(error);
  }
}

type OwnFailure = Extract<AdoptionFailure, { status: 'failed' }>;
const failed = (code: string, detail: string): OwnFailure => ({ status: 'failed', code, detail });

export const mailboxOf = ({ mailbox, email }: Pick<AdoptionRequest, 'mailbox' | 'email'>): string => mailbox ?? email;

/** Only the named account is taken over (rule 7). */
export function otherAccount(expected: string, received: string): OwnFailure {
  return {
    ...failed('account_mismatch', `The credential is for ${received}, not for ${expected}. Nothing was stored.`),
    expected: { email: expected },
    received: { email: received },
  };
}

/** The spec that a link of such a channel would have. */
export function adoptionSpec(
  accessType: AccessType,
  { kind, owner }: Pick<AdoptionRequest, 'kind' | 'owner'>,
  uses: readonly Use[],
): LinkSpec {
  return {
    kind,
    owner,
    accessTypes: [accessType],
    uses: [...uses],
    import: 'continuous',
    importFrom: null,
    mailbox: null,
  };
}

/**
 * An answer with a new refresh token is all that is left of the grant where the old one is spent: it is kept while its
 * access token lives, and tried again when the product asks, or by itself where the provider was in trouble. Any other
 * failure leaves the product's own token as good as it was.
 */
async function settleFailure(
  context: Context,
  { row, token, answeredAt }: AnsweredAdoption,
  failure: AdoptionFailure,
  tokens: TokenSet | null,
): Promise<void> {
  const now = await context.clock.now();
  const successor = tokens?.refreshToken;
  const lifeMs = tokens ? tokenLifeMs(tokens, oauthOfRow(context, row)) : 0;
  const expiresAt = new Date(answeredAt.getTime() + lifeMs);
  const isWorthKeeping = successor && successor.reveal() !== token.reveal() && expiresAt > now;
  await context.database.inTenant(row.tenantId, (tx) =>
    isWorthKeeping
      ? failAdoption(tx, row, { failure, dueAt: triedAgainAt(failure, row.tries, now), expiresAt })
      : dropAdoption(tx, row),
  );
}

function triedAgainAt(failure: AdoptionFailure, tries: number, now: Date): Date | null {
  if (failure.status !== 'refused') return null;
  const { kind, retryAfterMs } = failure.verdict;
  return kind === 'transient' || kind === 'rate_limited' ? nextTryAt(now, tries, retryAfterMs) : null;
}
