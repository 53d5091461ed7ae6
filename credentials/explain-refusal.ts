import type { Context } from '../runtime/context.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import type { CredentialState } from '../db/credentials/credentials.ts';
import { listSecurityEvents } from '../db/credentials/told-causes.ts';
import { causeOf, explained } from '../domain/security/security-event.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { OAuthAdapter } from '../providers/contract.ts';

interface Refused {
  row: ChannelRow;
  credential: CredentialState | null;
  refusal: { verdict: Verdict; tried: 'credential' | 'access' };
  now: Date;
}

/**
 * The verdict with the cause that the provider's security events name, of those that came since the grant last worked: a
 * later success proves that an earlier event did not end it.
 */
export async function explainRefusal(
  context: Context,
  tx: Transaction,
  { row, credential, refusal, now }: Refused,
): Promise<Verdict> {
  const { verdict, tried } = refusal;
  const issuer = issuerOf(context, row, credential);
  const isGrants = tried === 'credential' && (verdict.kind === 'reauth_required' || verdict.kind === 'account_gone');
  if (!isGrants || issuer?.securityEvents === undefined || !credential?.issuedAt) return verdict;
  const about = { provider: issuer.provider, providerId: row.accountProviderId, since: credential.issuedAt };
  return explained(verdict, causeOf(await listSecurityEvents(tx, about), now));
}

/** Whose authorization server issued the grant; it may be another than who serves the account. */
export function issuerOf(
  { providers }: Pick<Context, 'providers'>,
  { accessType }: Pick<ChannelRow, 'accessType'>,
  credential: CredentialState | null,
): OAuthAdapter | null {
  if (credential?.kind !== 'oauth') return null;
  const offered = providers.get(accessType)?.signIn.oauth ?? [];
  return offered.find(({ provider }) => provider === credential.oauthProvider) ?? null;
}
