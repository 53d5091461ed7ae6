import { issuerOf } from '../channels/issuer.ts';
import type { Context } from '../runtime/context.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import type { CredentialState } from '../db/credentials/credentials.ts';
import { listSecurityEvents } from '../db/credentials/told-causes.ts';
import type { ProviderName } from '../domain/access-type.ts';
import { causeOf, explained } from '../domain/security/security-event.ts';
import type { ToldCause } from '../domain/security/security-event.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { OAuthAdapter } from '../providers/contract.ts';

interface Refused {
  row: ChannelRow;
  credential: CredentialState | null;
  refusal: { verdict: Verdict; tried: 'credential' | 'access' };
  now: Date;
}

/** The verdict with the cause that the provider's security events name. */
export async function explainRefusal(
  context: Context,
  tx: Transaction,
  { row, credential, refusal, now }: Refused,
): Promise<Verdict> {
  const { verdict, tried } = refusal;
  const issuer = grantIssuer(context, row, credential);
  const isGrants = tried === 'credential' && (verdict.kind === 'reauth_required' || verdict.kind === 'account_gone');
  if (isGrants && credential?.grantEndsAt && credential.grantEndsAt <= now) return endedByItself(verdict);
  if (!isGrants || issuer?.securityEvents === undefined || !credential?.issuedAt) return verdict;
  return explained(verdict, await findCause(tx, { row, credential, provider: issuer.provider, now }));
}

/** The provider's clock may be behind ours, and it tells whole seconds. */
export const CLOCK_SLACK_MS = 5_000;

/**
 * The cause that security events name for the refusal of a grant, of those that were issued since it last worked: a later
 * success proves that an earlier event did not end it. null: none.
 */
export async function findCause(
  tx: Transaction,
  { row, credential, provider, now }: Omit<Refused, 'refusal'> & { provider: ProviderName },
): Promise<ToldCause | null> {
  if (!credential?.issuedAt) return null;
  const since = new Date(credential.issuedAt.getTime() - CLOCK_SLACK_MS);
  const events = await listSecurityEvents(tx, { provider, providerId: row.accountProviderId, since });
  // A grant that is refused again is refused for its old cause.
  const isRefused = row.status === 'reauth_required' && row.trouble === 'credential';
  return causeOf(events, {
    refusedAt: isRefused ? row.statusSince : now,
    lastVerifiedAt: row.lastVerifiedAt,
    now,
  });
}

/** The provider told this end when it gave the grant. */
function endedByItself(verdict: Verdict): Verdict {
  if (verdict.kind !== 'reauth_required' || verdict.reason !== 'access_revoked') return verdict;
  return { ...verdict, reason: 'refresh_token_expired', vague: false, told: true };
}

/** The authorization server that issued the grant; another provider may serve the account. null: a password has none. */
export function grantIssuer(
  context: Pick<Context, 'providers'>,
  { accessType }: Pick<ChannelRow, 'accessType'>,
  credential: CredentialState | null,
): OAuthAdapter | null {
  return credential?.kind === 'oauth' ? issuerOf(context, accessType, credential.oauthProvider) : null;
}
