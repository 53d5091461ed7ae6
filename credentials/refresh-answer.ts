import type { Context } from '../runtime/context.ts';
import { askedUses, compareGrant, missingOf, possibleUses } from '../channels/granted-uses.ts';
import { inWakingTransaction } from '../channels/wake.ts';
import type { Waking } from '../channels/wake.ts';
import { updateChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { lockWithCredential, swapCredential } from '../db/credentials/credentials.ts';
import type { CredentialRow, NewCredential } from '../db/credentials/credentials.ts';
import { insertEvent } from '../db/events/events.ts';
import { lockFormerAccess, updateFormerAccess } from '../db/credentials/former-accesses.ts';
import type { FormerAccessRow } from '../db/credentials/former-accesses.ts';
import {
  dropOldAttempts,
  findDoubt,
  findFormerAccessOf,
  releaseLease,
  settleAttempt,
} from '../db/credentials/refresh-attempts.ts';
import type { StoredAnswer } from '../db/credentials/refresh-attempts.ts';
import type { Use } from '../domain/access-type.ts';
import type { ConnectionContext } from '../domain/connection-context.ts';
import { ProviderError } from '../domain/verdict.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { OAuthAdapter, TokenSet } from '../providers/contract.ts';
import { followUp, settleRefusal, settleSuccess } from './outcomes.ts';
import type { Settled } from './outcomes.ts';
import { openSecret } from './access.ts';
import { openAnswer, understandAnswer } from './one-time-exchange-answer.ts';
import { answerBinding } from './send-refresh.ts';
import { withTokenLife } from './token-life.ts';
import { areCurrentIdentifiers, tokenIdentifiersOf } from './token-identifiers.ts';
import { NO_TOKEN_ANSWER, scopesRemoved } from '../domain/verdict-builders.ts';
import { learnRotation, parseRotation } from '../domain/rotation.ts';
import { tokenLifeMs } from '../domain/schedule.ts';
import { grantLifeAfter } from '../domain/security/grant-life.ts';

export type RefreshOutcome =
  /** A new version is stored, by this process or another. */
  | 'refreshed'
  /** Another process holds the lease. */
  | 'busy'
  | 'refused'
  /** The answer to a sent request is lost; the channel waits for the time of its probe. */
  | 'unknown'
  /** The provider refuses the operator's client, and another channel tries it. */
  | 'waiting'
  | 'gone';

interface Answered {
  tenantId: string;
  /** The authorization server that answered. */
  oauth: OAuthAdapter;
  channelId: string;
  answer: StoredAnswer;
  /** Where the request was sent. */
  sent: ConnectionContext;
}

/**
 * Settles a refresh: reads the sealed answer of its attempt, and stores the tokens or the verdict together with the end of
 * the attempt in one transaction. Of two processes that settle one attempt, one does.
 */
export async function settleAnswer(context: Context, answered: Answered): Promise<RefreshOutcome> {
  const { tenantId, channelId, answer } = answered;
  const binding = answerBinding({ tenantId, channelId, version: answer.version });
  const raw = await openAnswer(context, answer.sealedAnswer, binding);
  const understood = understandAnswer(answered.oauth, raw);
  const { oauth, sent } = answered;
  const tokens = understood instanceof ProviderError ? understood : await withTokenLife(oauth, understood, sent);
  const settle = async (waking: Waking) => {
    const given = { context, ...waking, ...(await lockWithCredential(waking.tx, channelId)), answer };
    const formerId = await findFormerAccessOf(waking.tx, answer.attemptId);
    if (formerId !== null) return settleAtRest(given, { formerId, oauth: answered.oauth, tokens });
    const result =
      tokens instanceof ProviderError
        ? await settleRefused(given, tokens.verdict)
        : await settleStored(given, answered, tokens);
    context.killPoint('refresh.settling');
    return result;
  };
  const settled = await inWakingTransaction(context, tenantId, settle, () => context.killPoint('refresh.settled'));
  if (settled === null) return 'busy';
  if (settled !== 'nothing') await followUp(context, settled);
  return tokens instanceof ProviderError ? 'refused' : 'refreshed';
}

/**
 * The channel has changed its access since the token was sent. The answer belongs to the access that rests: a new refresh
 * token is the only one of it that still works (rule 4), and the live credential stays as it is (rule 2).
 */
async function settleAtRest(
  { context, tx, answer }: Given,
  { formerId, oauth, tokens }: { formerId: string; oauth: OAuthAdapter; tokens: TokenSet | ProviderError },
): Promise<SettledAnswer> {
  const isRefused = tokens instanceof ProviderError;
  if (!(await settleAttempt(tx, answer.attemptId, isRefused ? 'refused' : 'stored'))) return null;
  const former = isRefused ? null : await lockFormerAccess(tx, formerId);
  if (isRefused || former === null) return 'nothing';
  await updateFormerAccess(tx, formerId, {
    ...(await newSecret(context, former, tokens)),
    ...newLife(oauth, former, tokens, answer.answeredAt),
    issuedAt: answer.answeredAt,
    context: { ...former.context, ...tokens.context },
  });
  return 'nothing';
}

async function newSecret({ vault }: Context, former: FormerAccessRow, { refreshToken }: TokenSet) {
  if (refreshToken === null) return {};
  const { tenantId: tenant, channelId: owner, secretVersion: version } = former;
  const sealedSecret = await vault.seal(refreshToken, { tenant, owner, kind: 'refresh_secret', version });
  return { sealedSecret, tokenIdentifiers: null };
}

interface Given extends Waking {
  context: Context;
  channel: ChannelRow | null;
  credential: CredentialRow | null;
  answer: StoredAnswer;
}

/** What an answer did to the channel; `nothing`: it was superseded; null: another process settled it. */
type SettledAnswer = Settled | 'nothing' | null;

async function settleRefused(given: Given, refusal: Verdict): Promise<SettledAnswer> {
  const { context, tx, channel, credential, answer } = given;
  const doubt = credential && (await findDoubt(tx, credential));
  const outcome = isOutcomeUnknown(credential, refusal) ? 'unknown' : 'refused';
  if (!(await settleAttempt(tx, answer.attemptId, outcome))) return null;
  if (!channel || !credential) return 'nothing';
  await releaseLease(tx, channel.id, answer.attemptId);
  const verdict = doubt ? lostFor(refusal) : refusal;
  return settleRefusal(context, given, channel, { credentialVersion: answer.version, tried: 'credential', verdict });
}

/**
 * A success without a readable token leaves open whether a strict provider has rotated: sending the old token again may
 * destroy the grant, so the attempt counts as unanswered. Its answer stays sealed in the row.
 */
function isOutcomeUnknown(credential: CredentialRow | null, { providerCode }: Verdict): boolean {
  if (!credential || providerCode !== NO_TOKEN_ANSWER) return false;
  return parseRotation(credential.rotation).mode === 'strict';
}

/** An earlier use of the token was never answered: the provider had rotated then, and the new token was lost. */
function lostFor(verdict: Verdict): Verdict {
  if (verdict.kind !== 'reauth_required') return verdict;
  return { ...verdict, reason: 'refresh_outcome_unknown', vague: false };
}

/**
 * Swaps in the next version (rule 2) and ends the attempt. A refresh that loses against a new secret is dropped. A
 * refresh that loses against a version with the very secret it just spent is stored: its token is then the only one that
 * still works.
 */
async function settleStored(given: Given, answered: Answered, tokens: TokenSet): Promise<SettledAnswer> {
  const { context, tx, channel, credential, answer, now } = given;
  const isLive = credential?.version === answer.version;
  const outlived = credential !== null && credential.secretVersion <= answer.version && tokens.refreshToken !== null;
  const wins = channel !== null && credential !== null && (isLive || outlived);
  if (!(await settleAttempt(tx, answer.attemptId, wins ? 'stored' : 'superseded'))) return null;
  if (!wins) return 'nothing';
  const values = await newVersion(context, { ...answered, credential }, tokens);
  const swapped = await swapCredential(tx, { channelId: channel.id, version: credential.version }, values);
  if (!swapped) throw new Error(`The credential of ${channel.id} changed while its channel was locked`);
  const scopes = { before: credential.scopes, now: tokens.scopes };
  const settled = await settleScopes(given, channel, { oauth: answered.oauth, scopes, version: values.version });
  await Promise.all([
    dropOldAttempts(tx, {
      channelId: channel.id,
      version: answer.version,
      secretVersion: values.secretVersion ?? credential.secretVersion,
    }),
    insertEvent(tx, {
      tenantId: channel.tenantId,
      channelId: channel.id,
      type: 'credential.refreshed',
      incidentId: null,
      data: { credentialVersion: values.version, tokenExpiresAt: values.expiresAt.toISOString() },
      at: now,
    }),
  ]);
  return settled;
}

/**
 * A refresh that answers is a success, unless the grant has lost OAuth scopes that the channel's uses need: a person or an
 * administrator has removed them. The channel shows that before a call fails; the new token is served all the same.
 */
async function settleScopes(
  given: Given,
  channel: ChannelRow,
  {
    oauth,
    scopes: { before, now: scopes },
    version: credentialVersion,
  }: { oauth: OAuthAdapter; scopes: { before: string[]; now: string[] | null }; version: number },
): Promise<Settled> {
  const { context, tx, now, answer } = given;
  const { proofRequestedAt } = channel;
  // An answer from before an event proves nothing about it: the refresh that the event asks for is still owed.
  const isOwed = proofRequestedAt !== null && proofRequestedAt > answer.answeredAt;
  const done = { credentialVersion, ...(isOwed ? {} : { refreshRequestedAt: null, proofRequestedAt: null }) };
  const tried = 'credential';
  const { uses, missingUses, lost } = usesAfter(context, channel, { oauth, before, scopes });
  const after = { ...done, uses, missingUses };
  const isLacking = isStillLacking({ ...channel, missingUses }, oauth.missingScopes(scopes ?? before, missingUses));
  if (lost.length === 0 && !isLacking) {
    return { row: await settleSuccess(tx, channel, { credentialVersion, tried }, now, after), before: channel };
  }
  const row = await updateChannel(tx, channel.id, after);
  if (lost.length === 0) return { row, before: channel };
  const verdict = scopesRemoved(oauth.missingScopes(scopes ?? [], lost));
  const settled = await settleRefusal(context, given, row, { credentialVersion, tried, verdict });
  return { ...settled, before: channel };
}

/**
 * The uses that the OAuth scopes of a refresh allow, of all that were asked for: a lost use may return. A use that the
 * scopes before did not show either stays: a release may map it to scopes of another name.
 */
function usesAfter(
  { providers }: Context,
  channel: ChannelRow,
  { oauth, before, scopes }: { oauth: OAuthAdapter; before: string[]; scopes: string[] | null },
): Pick<ChannelRow, 'uses' | 'missingUses'> & { lost: Use[] } {
  const { uses, missingUses, accessType } = channel;
  if (scopes === null) return { uses, missingUses, lost: [] };
  const asked = askedUses(channel);
  const { granted } = compareGrant(oauth, scopes, asked);
  const possible = possibleUses(providers.get(accessType), granted);
  const unseen = uses.filter((use) => oauth.missingScopes(before, [use]).length > 0);
  const now = asked.filter((use) => possible.includes(use) || unseen.includes(use));
  return { uses: now, missingUses: missingOf(asked, now), lost: uses.filter((use) => !now.includes(use)) };
}

/** Whether the channel lost OAuth scopes of which one is still missing, or cannot read the mailbox. */
function isStillLacking(
  { status, statusReason, providerCode, missingUses }: ChannelRow,
  missing: readonly string[],
): boolean {
  if (status !== 'reauth_required' || statusReason !== 'insufficient_scope') return false;
  const named = providerCode?.split(' ') ?? [];
  return missingUses.includes('read') || missing.some((scope) => named.includes(scope));
}

async function newVersion(
  context: Context,
  { tenantId, oauth, channelId, answer, credential }: Answered & { credential: CredentialRow },
  tokens: TokenSet,
) {
  const version = credential.version + 1;
  const binding = { tenant: tenantId, owner: channelId, version };
  const issuedAt = answer.answeredAt;
  const sealed =
    tokens.refreshToken && (await context.vault.seal(tokens.refreshToken, { ...binding, kind: 'refresh_secret' }));
  return {
    version,
    ...(sealed ? { sealedSecret: sealed, secretVersion: version } : {}),
    accessTokenJwe: await context.vault.encryptSecret(tokens.accessToken, { ...binding, kind: 'access_token' }),
    tokenType: tokens.tokenType,
    issuedAt,
    expiresAt: new Date(issuedAt.getTime() + tokenLifeMs(tokens, oauth)),
    accessTokenRefusedAt: null,
    claims: null,
    rotation: await learned(context, oauth, credential, tokens),
    ...(await newIdentifiers(context, oauth, credential, tokens)),
    ...newLife(oauth, credential, tokens, issuedAt),
    context: { ...credential.context, ...tokens.context },
    updatedAt: await context.clock.now(),
    ...(tokens.scopes ? { scopes: tokens.scopes } : {}),
  } satisfies Partial<NewCredential>;
}

/** A new refresh token whose answer tells no end has none: the end of the one before does not apply to it. */
function newLife(
  oauth: OAuthAdapter,
  { grantEndsAt, expiryWarnAt }: Pick<CredentialRow, 'grantEndsAt' | 'expiryWarnAt'>,
  tokens: TokenSet,
  answeredAt: Date,
) {
  const lifeSeconds = tokens.grantLifeSeconds ?? null;
  const keepsEnd = tokens.refreshToken === null || lifeSeconds !== null;
  const before = keepsEnd ? { grantEndsAt, expiryWarnAt } : null;
  return grantLifeAfter({ answeredAt, lifeSeconds, unusedLifeMs: oauth.unusedLifeMs ?? null, before });
}

/**
 * The identifiers of a new refresh token, or of a stored one that has none yet (an earlier release or the server stored it)
 * or has some under an older key.
 */
async function newIdentifiers(
  context: Context,
  oauth: OAuthAdapter,
  credential: CredentialRow,
  { refreshToken }: TokenSet,
): Promise<Pick<NewCredential, 'tokenIdentifiers'>> {
  const stored = credential.tokenIdentifiers;
  const isKnown = refreshToken === null && stored !== null && areCurrentIdentifiers(context, stored);
  if (oauth.securityEvents === undefined || isKnown) return {};
  const token = refreshToken ?? (await openSecret(context, credential));
  return { tokenIdentifiers: tokenIdentifiersOf(context, oauth, token) };
}

async function learned(
  context: Context,
  oauth: OAuthAdapter,
  credential: CredentialRow,
  tokens: TokenSet,
): Promise<string> {
  const rotation = { declared: oauth.rotation, known: parseRotation(credential.rotation) };
  if (!tokens.refreshToken) return learnRotation(rotation, false);
  const sent = await openSecret(context, credential);
  return learnRotation(rotation, sent.reveal() !== tokens.refreshToken.reveal());
}
