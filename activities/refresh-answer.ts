import type { Context } from '../context.ts';
import { lockChannel, updateChannel } from '../db/channels.ts';
import type { Transaction } from '../db/client.ts';
import { swapCredential } from '../db/credentials.ts';
import type { CredentialRow, NewCredential } from '../db/credentials.ts';
import { insertEvent } from '../db/events.ts';
import { findAttempt, releaseLease, settleAttempt } from '../db/refresh-attempts.ts';
import type { RefreshAttemptRow } from '../db/refresh-attempts.ts';
import type { AccessType } from '../domain/access-type.ts';
import { Secret } from '../domain/secret.ts';
import { leastLifeMs } from '../domain/schedule.ts';
import { ProviderError } from '../domain/verdict.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { RawAnswer, TokenSet } from '../providers/provider.ts';
import { recordRefusal, settleSuccess } from './outcomes.ts';
import { oauthOf } from './refresh-request.ts';
import { learnRotation } from './rotation.ts';

/** Used where a provider does not say how long a token lives (RFC 6749 section 5.1 only recommends it). */
const DEFAULT_LIFE_SECONDS = 3600;

export type RefreshOutcome =
  /** A new version is stored, or was by somebody else meanwhile. */
  | 'refreshed'
  /** Somebody else holds the lease. */
  | 'busy'
  | 'refused'
  /** A request was sent and its answer lost; the channel waits for the time of the one probe. */
  | 'unknown'
  | 'gone';

interface Answered {
  tenantId: string;
  accessType: AccessType;
  channelId: string;
  attemptId: string;
  credential: CredentialRow;
}

/** Step 4 and 5: reads the sealed answer of an attempt, and stores the tokens it brought or the verdict it means. */
export async function takeAnswer(context: Context, answered: Answered): Promise<RefreshOutcome> {
  const { tenantId, channelId, attemptId, credential } = answered;
  const attempt = await context.database.inTenant(tenantId, (tx) => findAttempt(tx, attemptId));
  if (!attempt?.sealedAnswer || !attempt.answeredAt) return 'busy';
  const raw = await openAnswer(context, answered, attempt.sealedAnswer);
  const tokens = understand(context, answered, raw);
  if (!(tokens instanceof ProviderError)) return storeTokens(context, answered, attempt, tokens);
  const verdict = attempt.probe ? lostFor(tokens.verdict) : tokens.verdict;
  await context.database.inTenant(tenantId, async (tx) => {
    await settleAttempt(tx, attemptId, 'refused');
    await releaseLease(tx, channelId, attemptId);
  });
  await recordRefusal(context, {
    tenantId,
    channelId,
    credentialVersion: credential.version,
    tried: 'credential',
    verdict,
  });
  return 'refused';
}

/** A refused probe settles it: the provider had rotated, and the answer died on its way to us. */
function lostFor(verdict: Verdict): Verdict {
  if (verdict.kind !== 'reauth_required') return verdict;
  return { ...verdict, reason: 'refresh_outcome_unknown', vague: false };
}

async function openAnswer(context: Context, { tenantId, channelId, credential }: Answered, sealed: string) {
  const text = await context.vault.open(sealed, {
    tenant: tenantId,
    owner: channelId,
    kind: 'token_answer',
    version: credential.version,
  });
  const { status, headers, body } = JSON.parse(text.reveal()) as Omit<RawAnswer, 'body'> & { body: string };
  return { status, headers, body: new Secret(body) };
}

function understand(context: Context, { accessType }: Answered, raw: RawAnswer): TokenSet | ProviderError {
  try {
    return oauthOf(context, accessType).processTokenAnswer(raw);
  } catch (error) {
    if (error instanceof ProviderError) return error;
    throw error;
  }
}

/** Compare-and-swap to version + 1, and the end of the attempt, in one transaction. */
async function storeTokens(
  context: Context,
  answered: Answered,
  attempt: RefreshAttemptRow,
  tokens: TokenSet,
): Promise<RefreshOutcome> {
  const { tenantId, channelId, attemptId, credential } = answered;
  const values = await newVersion(context, answered, attempt, tokens);
  const now = await context.clock.now();
  await context.database.inTenant(tenantId, async (tx) => {
    const channel = await lockChannel(tx, channelId);
    const replaces = { channelId, version: credential.version };
    const swapped = channel !== null && (await swapCredential(tx, replaces, values));
    await settleAttempt(tx, attemptId, swapped ? 'stored' : 'superseded');
    if (!channel || !swapped) return;
    const outcome = { credentialVersion: values.version, tried: 'credential' as const };
    const changed = await settleSuccess(tx, channel, outcome, now);
    await finishRefresh(tx, changed.id, tenantId, values, now);
  });
  return 'refreshed';
}

async function finishRefresh(
  tx: Transaction,
  channelId: string,
  tenantId: string,
  values: { version: number; expiresAt: Date },
  now: Date,
): Promise<void> {
  await updateChannel(tx, channelId, { credentialVersion: values.version, refreshRequestedAt: null });
  await insertEvent(tx, {
    tenantId,
    channelId,
    type: 'credential.refreshed',
    incidentId: null,
    data: { credential_version: values.version, token_expires_at: values.expiresAt.toISOString() },
    at: now,
  });
}

async function newVersion(
  context: Context,
  { tenantId, accessType, channelId, credential }: Answered,
  attempt: RefreshAttemptRow,
  tokens: TokenSet,
) {
  const version = credential.version + 1;
  const binding = { tenant: tenantId, owner: channelId };
  const issuedAt = attempt.answeredAt ?? attempt.startedAt;
  const lifeMs = 1000 * (tokens.expiresInSeconds ?? DEFAULT_LIFE_SECONDS);
  const sealed =
    tokens.refreshToken &&
    (await context.vault.seal(tokens.refreshToken, { ...binding, kind: 'refresh_secret', version }));
  return {
    version,
    ...(sealed ? { sealedSecret: sealed, secretVersion: version } : {}),
    accessTokenJwe: await context.vault.encryptSecret(tokens.accessToken, {
      ...binding,
      kind: 'access_token',
      version,
    }),
    tokenType: tokens.tokenType,
    issuedAt,
    expiresAt: new Date(issuedAt.getTime() + lifeMs),
    accessTokenRefusedAt: null,
    rotation: await learned(context, { tenantId, accessType, channelId, credential }, tokens),
    updatedAt: await context.clock.now(),
    ...(tokens.scopes ? { scopes: tokens.scopes } : {}),
  } satisfies Partial<NewCredential>;
}

async function learned(
  context: Context,
  { tenantId, accessType, channelId, credential }: Omit<Answered, 'attemptId'>,
  tokens: TokenSet,
): Promise<string> {
  const declared = oauthOf(context, accessType).rotation;
  if (!tokens.refreshToken) return learnRotation(declared, false);
  const sent = await context.vault.open(credential.sealedSecret, {
    tenant: tenantId,
    owner: channelId,
    kind: 'refresh_secret',
    version: credential.secretVersion,
  });
  return learnRotation(declared, sent.reveal() !== tokens.refreshToken.reveal());
}

/** When an attempt that nobody knows the outcome of is probed: while the old access token still serves a little. */
export function probeTime(credential: CredentialRow): Date {
  if (!credential.expiresAt || !credential.issuedAt || credential.accessTokenRefusedAt) return new Date(0);
  const lifeMs = credential.expiresAt.getTime() - credential.issuedAt.getTime();
  return new Date(credential.expiresAt.getTime() - 2 * leastLifeMs(lifeMs));
}
