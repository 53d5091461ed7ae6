import { letHappen } from '../channels/happenings.ts';
import type { Waking } from '../channels/wake.ts';
import { notifyPages, updateChannel } from '../db/channels/channels.ts';
import { explainIncident } from '../db/channels/incidents.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { dropSubscription, planRenewal } from '../db/channels/subscriptions.ts';
import { findCredentialState } from '../db/credentials/credentials.ts';
import { CLOCK_SLACK_MS, findCause } from '../credentials/explain-refusal.ts';
import type { ProviderName } from '../domain/access-type.ts';
import { isOperatorsTrouble } from '../domain/channel.ts';
import type { SecurityEventKind } from '../domain/security/security-event.ts';
import { explained, isOfRefusal } from '../domain/security/security-event.ts';
import type { PushedItem } from '../providers/contract.ts';

/** The authorization server that sent a security event, and the time at which it issued the event. */
interface Source {
  issuer: ProviderName;
  issuedAt: Date;
}

/**
 * Writes a push or a security event about a channel as facts for its workflow. Each is a hint, which the workflow's own call
 * proves or refutes. `row` is locked. Each event requests the check anew: a check under way may have made its call before the
 * event. Where an event says that the grant has ended, a refresh is requested as well: an access token may outlive its grant.
 */
export async function writeFacts(
  { tx, now, wake }: Waking,
  row: ChannelRow,
  kind: PushedItem['kind'] | SecurityEventKind,
  source: Source | null = null,
): Promise<void> {
  switch (kind) {
    case 'renew':
      await planRenewal(tx, row.id, now);
      break;
    case 'resubscribe':
      // A provider ends a subscription with the access that it rests on.
      await dropSubscription(tx, row.id, now);
      await updateChannel(tx, row.id, {
        pollRequestedAt: now,
        checkRequestedAt: now,
        ...(await refreshToProve({ tx, now }, row, now)),
      });
      break;
    case 'news':
    case 'missed':
      await updateChannel(tx, row.id, { pollRequestedAt: now });
      break;
    case 'account_enabled':
      // A blocked account is tried at once; an operator's client is tried at its own time, by its canary alone.
      await updateChannel(tx, row.id, { checkRequestedAt: now, ...(isBlockedItself(row) ? { retryAt: now } : {}) });
      break;
    case 'account_disabled':
      await checkUnlessRefused({ tx, now }, row, source, {});
      break;
    case 'tokens_revoked':
    case 'token_revoked':
    case 'sessions_revoked':
    case 'credential_change_required':
      await checkUnlessRefused(
        { tx, now },
        row,
        source,
        await refreshToProve({ tx, now }, row, source?.issuedAt ?? now),
      );
      break;
  }
  await wake(row);
}

/** A channel whose grant the token endpoint has refused learns the cause alone. */
async function checkUnlessRefused(
  { tx, now }: Pick<Waking, 'tx' | 'now'>,
  row: ChannelRow,
  source: Source | null,
  more: RequestedProof,
): Promise<void> {
  if (row.status !== 'reauth_required') await updateChannel(tx, row.id, { checkRequestedAt: now, ...more });
  else if (source !== null) await explainStatus({ tx, now }, row, source.issuer);
}

type RequestedProof = Partial<Pick<ChannelRow, 'refreshRequestedAt' | 'proofRequestedAt'>>;

/** How often events may cost a channel a refresh, in ms: a forged or needless one must not use up a token each time. */
const PROVED_AGAIN_AFTER_MS = 60_000;

/**
 * The request of the refresh that proves a grant, unless a refresh since `saidAt` has proved it. A reader's request that is
 * due moves to now: a refresh under way for it may have been answered before the event, and settles what is older.
 */
async function refreshToProve(
  { tx, now }: Pick<Waking, 'tx' | 'now'>,
  row: ChannelRow,
  saidAt: Date,
): Promise<RequestedProof> {
  const credential = await findCredentialState(tx, row.id);
  if (credential?.kind !== 'oauth' || credential.issuedAt === null) return {};
  const provedAtMs = credential.issuedAt.getTime();
  if (provedAtMs > saidAt.getTime() + CLOCK_SLACK_MS) return {};
  const atMs = Math.max(now.getTime(), provedAtMs + PROVED_AGAIN_AFTER_MS);
  const plannedMs = Math.min(atMs, row.refreshRequestedAt?.getTime() ?? atMs);
  return { refreshRequestedAt: new Date(Math.max(now.getTime(), plannedMs)), proofRequestedAt: now };
}

const isBlockedItself = (row: ChannelRow) =>
  row.status === 'blocked' && !isOperatorsTrouble(row) && row.waitsFor === null;

/**
 * Writes the cause of a refusal that came before the event that names it. A reason that the provider told stays, unless a
 * certain cause of the same refusal corrects it. Returns whether the row changed.
 */
export async function explainStatus(
  { tx, now }: Pick<Waking, 'tx' | 'now'>,
  row: ChannelRow,
  issuer: ProviderName,
): Promise<boolean> {
  const { status, statusReason: reason, reasonTold, providerCode, credentialVersion, trouble } = row;
  if (status !== 'reauth_required' || trouble !== 'credential') return false;
  const credential = await findCredentialState(tx, row.id);
  const cause = await findCause(tx, { row, credential, provider: issuer, now });
  if (cause === null || (reasonTold && !(cause.isCertain && isOfRefusal(cause, { refusedAt: row.statusSince }))))
    return false;
  const refusal = { kind: status, reason, providerCode, retryAfterMs: null, vague: false, tokenRefused: false };
  const verdict = explained(refusal, cause);
  if (verdict === refusal || (verdict.reason === reason && (reasonTold || verdict.told !== true))) return false;
  const isBlocked = verdict.kind === 'account_gone';
  const happening = { type: 'refused', credentialVersion, verdict } as const;
  const told = await letHappen(tx, row, happening, now, isBlocked ? { retryAt: now } : {});
  // The same refusal under another name is no event.
  await notifyPages(tx, row);
  if (told.incidentId === null) return true;
  const { statusReason, action } = told;
  await explainIncident(tx, told.incidentId, { reason: statusReason, action, providerCode: told.providerCode });
  return true;
}
