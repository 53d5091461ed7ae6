import type { Context } from '../runtime/context.ts';
import { closeOperatorIncident, openOperatorIncident } from '../db/across-tenants/incidents/operator-incidents.ts';
import { updateChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import {
  clearTokenRefused,
  findCredentialState,
  keepClaims,
  markTokenRefused,
  notifyReaders,
} from '../db/credentials/credentials.ts';
import type { CredentialState } from '../db/credentials/credentials.ts';
import { letHappen } from '../channels/happenings.ts';
import { queueMissedMail } from '../channels/missed-mail.ts';
import { changeChannel, signalWorkflow } from '../channels/wake.ts';
import type { Waking } from '../channels/wake.ts';
import type { Suspicion } from '../db/schema/channels.ts';
import { BACKOFF, gapMs, waitingGapMs, waitsUntil } from '../domain/backoff.ts';
import { isOneOf, isOperatorsTrouble, statusAfter, WELL, WORKING } from '../domain/channel.ts';
import { servedUntilMs, spentAt } from '../domain/schedule.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { Provider } from '../providers/contract.ts';
import { clientOf } from './canary.ts';
import { explainRefusal, grantIssuer } from './explain-refusal.ts';
import { lockOutOf, passwordRetriesAfter } from './password-tries.ts';

/** The half of a connection that a call tried: the credential, or access to the account. */
type Tried = 'credential' | 'access';

interface Outcome {
  tenantId: string;
  channelId: string;
  credentialVersion: number;
  tried: Tried;
}

/** Records a call that worked, which ends trouble of the same half. Returns the row, null when the channel is gone. */
export async function recordSuccess(context: Context, outcome: Outcome): Promise<ChannelRow | null> {
  const settled = await changeChannel(context, outcome, async ({ tx, now }, before) => ({
    before,
    row: await settleSuccess(tx, before, outcome, now),
  }));
  if (settled) await followUp(context, settled);
  return settled?.row ?? null;
}

/** A channel before and after its outcome was written. */
export interface Settled {
  before: ChannelRow;
  row: ChannelRow;
}

/**
 * Opens or closes the operator's incident, which is across tenants, after the commit. If the process dies before this,
 * the channel's next try does it.
 */
export async function followUp(context: Context, { before, row }: Settled): Promise<void> {
  if (isOperatorsTrouble(row)) await reportToOperator(context, row);
  else if (isOperatorsTrouble(before) || owesRecovery(row) || waitsNoMore(before, row)) {
    await healWithOperator(context, row);
  }
}

/** A channel that waited for the canary, or became it, got through. */
const waitsNoMore = (before: ChannelRow, row: ChannelRow) => before.waitsFor !== null && row.waitsFor === null;

/** The channel works but still has the operator's incident, because a process died before closing it. */
const owesRecovery = ({ status, incidentId }: ChannelRow) => incidentId !== null && isOneOf(WELL, status);

async function reportToOperator(context: Context, channel: ChannelRow): Promise<void> {
  const now = await context.clock.now();
  const fault = { channel, ...(await clientOfChannel(context, channel)), now };
  const { isNew } = await openOperatorIncident(context.database, { ...fault, waitsUntil: waitsUntil(channel.id, now) });
  if (!isNew) return;
  const { accessType, statusReason: reason, providerCode } = channel;
  context.logger.error(
    { accessType, reason, providerCode },
    'A provider refuses the operator’s client; one channel tries it, and the others wait',
  );
}

/** One channel got through with this client, so the others retry now instead of at their own time. */
async function healWithOperator(context: Context, channel: ChannelRow): Promise<void> {
  const now = await context.clock.now();
  const recovery = { channel, client: (await clientOfChannel(context, channel)).client, now };
  const waiting = await closeOperatorIncident(context.database, recovery);
  await Promise.all(waiting.map((other) => signalWorkflow(context, other)));
}

async function clientOfChannel(context: Context, { id, tenantId, accessType }: ChannelRow) {
  const credential = await context.database.inTenant(tenantId, (tx) => findCredentialState(tx, id));
  return clientOf(context, accessType, credential?.oauthProvider ?? null);
}

/**
 * The same within the caller's transaction; `row` is locked. A working access token proves nothing about a withdrawn grant,
 * and a refresh proves nothing about a missing mailbox. While the other half is in trouble, its status, incident and next
 * try therefore stay; otherwise every refresh would close an incident that the next call reopens (rule 11). `more` are
 * columns that change with it.
 */
export async function settleSuccess(
  tx: Transaction,
  row: ChannelRow,
  outcome: Pick<Outcome, 'credentialVersion' | 'tried'>,
  now: Date,
  more: Pick<
    Partial<ChannelRow>,
    'refreshRequestedAt' | 'proofRequestedAt' | 'credentialVersion' | 'uses' | 'missingUses'
  > = {},
): Promise<ChannelRow> {
  const { credentialVersion, tried } = outcome;
  if (credentialVersion < row.credentialVersion) return row;
  const suspicion = row.suspicion?.tried === tried ? null : row.suspicion;
  const proved = { suspicion, ...(tried === 'access' ? { lastVerifiedAt: now } : {}) };
  if (tried === 'access') await clearTokenRefused(tx, row.id, credentialVersion);
  if (row.trouble !== null && row.trouble !== tried) return updateChannel(tx, row.id, { ...proved, ...more });
  // A channel whose refresh waits for the canary still waits when a call works with the token it has.
  const waits = row.waitsFor !== null && tried === 'access' && row.trouble === null;
  const healed = {
    failures: 0,
    trouble: null,
    retryAt: suspicion || waits ? row.retryAt : null,
    passwordRetries: null,
    waitsFor: waits ? row.waitsFor : null,
  };
  const { status } = row;
  const worked = await letHappen(tx, row, { type: 'worked', credentialVersion }, now, {
    ...healed,
    ...proved,
    ...more,
  });
  if (status !== 'reauth_required' || !isOneOf(WELL, worked.status)) return worked;
  // The person's task has ended without a sign-in; what was missed is the same.
  await queueMissedMail(tx, worked, { windowFrom: worked.coveredUntil }, now);
  return updateChannel(tx, row.id, { nextPollAt: now });
}

/**
 * Records a refusal or a missing answer: decides whether to believe it (rule 5) and writes the consequences: status, next
 * try, requested refresh. Returns the row, null when the channel is gone.
 */
export async function recordRefusal(
  context: Context,
  outcome: Outcome & { verdict: Verdict },
): Promise<ChannelRow | null> {
  const settled = await changeChannel(context, outcome, (waking, row) => settleRefusal(context, waking, row, outcome));
  if (settled) await followUp(context, settled);
  return settled?.row ?? null;
}

type Refusal = Pick<Outcome, 'credentialVersion' | 'tried'> & { verdict: Verdict };

/** The same within the caller's transaction; `row` is locked. `followUp` comes after the commit. */
export async function settleRefusal(
  context: Context,
  { tx, now, wake }: Waking,
  row: ChannelRow,
  refusal: Refusal,
): Promise<Settled> {
  const { credentialVersion, tried } = refusal;
  if (credentialVersion < row.credentialVersion) return { before: row, row };
  const credential = await findCredentialState(tx, row.id);
  const verdict = await explainRefusal(context, tx, { row, credential, refusal, now });
  const outcome = { ...refusal, verdict };
  await notifyReaders(tx, row.id);
  // A token endpoint's refusal never concerns the access token, which is still served (rule 6).
  if (verdict.tokenRefused && tried === 'access') await markTokenRefused(tx, row.id, credentialVersion, now);
  if (verdict.claims !== undefined) await keepClaims(tx, row.id, credentialVersion, verdict.claims);
  if (statusAfter(verdict) === null) return { before: row, row };
  const confirmations = confirmationsOf(context, row, credential);
  const suspicion = suspect(row, { ...outcome, confirmations }, now);
  // Of a password there is no newer version to ask with.
  const needsNewerToken = tried === 'access' && credential?.kind === 'oauth';
  const bothRefused = tried === 'credential' && isTokenRefusedInLife(row, credential);
  if (!isBelieved(suspicion, { ...outcome, confirmations, needsNewerToken, bothRefused })) {
    const waiting = await confirmLater(context, tx, row, { outcome, suspicion, credential, needsNewerToken, now });
    await wake(waiting);
    return { before: row, row: waiting };
  }
  const failures = row.failures + 1;
  const retryAt = retryTime(row, verdict, failures, now);
  // A channel that already waits for a person or an admin keeps that task and its own incident.
  const isTaken = row.status === 'reauth_required' || (row.status === 'blocked' && !isOperatorsTrouble(row));
  if (verdict.kind === 'misconfigured' && isTaken) {
    return {
      before: row,
      row: await updateChannel(tx, row.id, { failures, retryAt, ...lockOutOf(row, verdict, now) }),
    };
  }
  const changed = await letHappen(tx, row, { type: 'refused', credentialVersion, verdict }, now, {
    failures,
    // An outage neither confirms nor clears a suspicion.
    suspicion: statusAfter(verdict) === 'degraded' && !verdict.tokenRefused ? row.suspicion : null,
    trouble: tried,
    retryAt,
    ...lockOutOf(row, verdict, now),
    ...(refusesPassword(verdict, credential) ? passwordRetriesAfter(row, verdict, now) : {}),
  });
  return { before: row, row: changed };
}

const refusesPassword = (verdict: Verdict, credential: CredentialState | null) =>
  credential?.kind === 'password' && statusAfter(verdict) === 'reauth_required';

type Confirmations = Provider['capabilities']['confirmations'];

/** The issuer of a grant may be another provider than the one that serves the account. */
function confirmationsOf(context: Context, row: ChannelRow, credential: CredentialState | null): Confirmations {
  const { capabilities } = context.providers.get(row.accessType)!;
  return grantIssuer(context, row, credential)?.confirmations ?? capabilities.confirmations;
}

interface Unconfirmed {
  outcome: Refusal;
  suspicion: Suspicion;
  credential: CredentialState | null;
  needsNewerToken: boolean;
  now: Date;
}

/**
 * Plans the try that confirms a refusal. Where the refresh is vaguely refused and the access token is spent, no reader can
 * get a token meanwhile, so the channel is degraded; a token that still lives is tried again at its end, to say so then.
 */
async function confirmLater(context: Context, tx: Transaction, row: ChannelRow, unconfirmed: Unconfirmed) {
  const { outcome, suspicion, credential, needsNewerToken, now } = unconfirmed;
  const { verdict, credentialVersion, tried } = outcome;
  const confirmations = confirmationsOf(context, row, credential);
  const nextAt = suspicion.at + (needsNewerToken && !verdict.vague ? 0 : confirmations.gapMs);
  const servedUntil = tried === 'credential' && verdict.vague ? servedUntilMs(credential, now) : null;
  const isServed = servedUntil === null || servedUntil > now.getTime();
  const values = {
    suspicion,
    retryAt: new Date(isServed ? Math.min(nextAt, servedUntil ?? nextAt) : nextAt),
    ...lockOutOf(row, verdict, now),
    ...(needsNewerToken && credentialVersion <= suspicion.credentialVersion ? { refreshRequestedAt: now } : {}),
  };
  if (isServed || !isOneOf(WORKING, row.status)) return updateChannel(tx, row.id, values);
  const outage = { ...verdict, kind: 'transient', reason: 'provider_unavailable' } as const;
  const happening = { type: 'refused', credentialVersion, verdict: outage } as const;
  return letHappen(tx, row, happening, now, { ...values, trouble: 'credential' });
}

/**
 * Counts one more refusal of the same kind, or the first of another. Tries closer together than the confirmation gap count
 * as one: frequent reports must not confirm a refusal that time would refute.
 */
function suspect(
  row: ChannelRow,
  { verdict, credentialVersion, tried, confirmations }: Refusal & { confirmations: Confirmations },
  now: Date,
): Suspicion {
  const { suspicion } = row;
  const at = now.getTime();
  if (suspicion?.kind !== verdict.kind || suspicion.tried !== tried) {
    return { kind: verdict.kind, tried, times: 1, credentialVersion, at };
  }
  const gapMs = verdict.vague ? confirmations.gapMs : 0;
  return at - suspicion.at < 0.9 * gapMs ? suspicion : { ...suspicion, times: suspicion.times + 1, at };
}

/**
 * Whether a refusal is believed (rule 5). Trouble that heals by itself is believed at once. A refusal that needs a person is
 * believed
 * - at once, if a token endpoint or a login says it plainly;
 * - after spaced tries, if it is vague; at once where the provider also refused the access token before its end;
 * - with a token refreshed after the first refusal, if an API says it or refuses the token; after spaced tries as well, if a
 *   login with the token is refused vaguely.
 *
 * Too early sends a person to sign in for nothing; too late costs minutes.
 */
function isBelieved(
  suspicion: Suspicion,
  refusal: Refusal & { confirmations: Confirmations; needsNewerToken: boolean; bothRefused: boolean },
): boolean {
  const { verdict, credentialVersion, needsNewerToken, confirmations, bothRefused } = refusal;
  const heldAgainstNewer = !needsNewerToken || credentialVersion > suspicion.credentialVersion;
  if (verdict.tokenRefused && !verdict.vague) return heldAgainstNewer;
  const target = statusAfter(verdict);
  if (target === 'degraded' || target === null) return true;
  if (verdict.vague && !bothRefused && suspicion.times <= confirmations.tries) return false;
  return heldAgainstNewer;
}

/** Whether the provider itself, not a report alone, refused this access token although its time was not over. */
function isTokenRefusedInLife({ suspicion }: ChannelRow, credential: CredentialState | null): boolean {
  if (suspicion?.tried !== 'access' || credential?.accessTokenRefusedAt == null) return false;
  const { version, accessTokenRefusedAt, issuedAt, expiresAt } = credential;
  if (suspicion.credentialVersion !== version || !issuedAt || !expiresAt) return false;
  return accessTokenRefusedAt.getTime() < spentAt({ issuedAt: issuedAt.getTime(), expiresAt: expiresAt.getTime() });
}

/**
 * When a refused channel is retried: a refused grant never by itself, a refused password by its own plan
 * (password-tries.ts), all else with growing gaps. Channels that
 * failed together retry up to a tenth of the gap apart, never before the wait that the provider asked for.
 */
function retryTime(row: ChannelRow, verdict: Verdict, failures: number, now: Date): Date | null {
  const after = (ms: number) => new Date(now.getTime() + ms);
  const spreadBy = row.id;
  if (verdict.kind === 'misconfigured') return after(gapMs(BACKOFF.appRefused, failures, { spreadBy }));
  switch (statusAfter(verdict)) {
    case 'degraded':
      return after(gapMs(BACKOFF.refused, failures, { retryAfterMs: verdict.retryAfterMs, spreadBy }));
    case 'blocked': {
      const blockedForMs = row.status === 'blocked' ? now.getTime() - row.statusSince.getTime() : 0;
      return after(waitingGapMs(blockedForMs, `${row.id} ${failures}`));
    }
    case 'reauth_required':
    case null:
      return null;
  }
}
