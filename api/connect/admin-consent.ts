import { findLastSignIn } from '../../db/access/sign-ins.ts';
import { findCredentialState } from '../../db/credentials/credentials.ts';
import type { ApiContext } from '../api-context.ts';
import { connectionOf } from './authorize.ts';
import { sharedMailbox } from './open-link.ts';
import type { OpenLink } from './open-link.ts';

/** Where an admin lands afterwards: a path of its own, because its answer vouches for nothing. */
const landing = (publicUrl: string, provider: string) => `${publicUrl}/oauth/${provider}/admin-consent`;
/** Nothing is bound to the admin's answer, so nothing is looked up by it. */
const STATE = 'admin-consent';
/** The channel has a password, which no admin's consent helps. */
const NO_PROVIDER = 'none';

/** The authorization server of the link's last sign-in, else of the channel's grant; null: neither names one. */
async function lastIssuer(
  { database }: ApiContext,
  { link, channel }: Pick<OpenLink, 'link' | 'channel'>,
): Promise<string | null> {
  return database.inTenant(link.tenantId, async (tx) => {
    const signIn = await findLastSignIn(tx, link.id);
    if (signIn || !channel) return signIn?.provider ?? null;
    const credential = await findCredentialState(tx, channel.id);
    return credential?.kind === 'password' ? NO_PROVIDER : (credential?.oauthProvider ?? null);
  });
}

/**
 * The page on which an admin allows the app for the whole organization, where a link's sign-in or its channel waits for
 * that; null otherwise. The person hands it over, and signs in again afterwards.
 */
export async function adminConsentUrl(context: ApiContext, opened: OpenLink): Promise<string | null> {
  const { link, channel, end, accessTypes } = opened;
  const isMissing = link.result?.status === 'failed' && link.result.code === 'admin_consent_required';
  const isAwaited = channel?.action === 'admin_consent' && channel.statusReason === 'admin_consent_required';
  if (end.done || (!isMissing && !isAwaited)) return null;
  const issuer = await lastIssuer(context, opened);
  for (const accessType of accessTypes) {
    const offered = context.providers.get(accessType)?.signIn.oauth ?? [];
    const oauth = offered.find((one) => 'adminConsentUrl' in one && (issuer === null || one.provider === issuer));
    if (!oauth?.adminConsentUrl) continue;
    const { context: connection } = await connectionOf(context, opened, accessType);
    return oauth.adminConsentUrl({
      redirectUri: landing(context.config.publicUrl, oauth.provider),
      state: STATE,
      uses: link.spec.uses,
      isShared: sharedMailbox(opened) !== null,
      context: connection,
    }).href;
  }
  return null;
}
