import { letHappen } from '../channels/happenings.ts';
import type { Waking } from '../channels/wake.ts';
import { updateChannel } from '../db/channels/channels.ts';
import { explainIncident } from '../db/channels/incidents.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { dropSubscription, planRenewal } from '../db/channels/subscriptions.ts';
import { findCredentialState } from '../db/credentials/credentials.ts';
import { findCause } from '../credentials/explain-refusal.ts';
import type { ProviderName } from '../domain/access-type.ts';
import { isOperatorsTrouble } from '../domain/channel.ts';
import type { SecurityEventKind } from '../domain/security/security-event.ts';
import { explained, isOfRefusal } from '../domain/security/security-event.ts';
import type { PushedItem } from '../providers/contract.ts';

/**
 * Writes a push or a security event about a channel as facts for its workflow. Each is a hint, which the workflow's own call
 * proves or refutes. `row` is locked. `issuer`: the authorization server that sent a security event. Each event requests the
 * check anew: a check under way may have made its call before the event.
 */
export async function writeFacts(
  { tx, now, wake }: Waking,
  row: ChannelRow,
  kind: PushedItem['kind'] | SecurityEventKind,
  issuer: ProviderName | null = null,
): Promise<void> {
  switch (kind) {
    case 'renew':
      await planRenewal(tx, row.id, now);
      break;
    case 'resubscribe':
      // A provider ends a subscription with the access that it rests on.
      await dropSubscription(tx, row.id, now);
      await updateChannel(tx, row.id, { pollRequestedAt: now, checkRequestedAt: now });
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
    case 'tokens_revoked':
    case 'token_revoked':
    case 'sessions_revoked':
    case 'credential_change_required':
      if (row.status !== 'reauth_required') await updateChannel(tx, row.id, { checkRequestedAt: now });
      else if (issuer !== null) await explainStatus({ tx, now }, row, issuer);
      break;
  }
  await wake(row);
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
  if (told.incidentId === null) return true;
  const { statusReason, action } = told;
  await explainIncident(tx, told.incidentId, { reason: statusReason, action, providerCode: told.providerCode });
  return true;
}
