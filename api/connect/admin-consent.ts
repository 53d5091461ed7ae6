import type { ApiContext } from '../api-context.ts';
import { connectionOf } from './authorize.ts';
import { sharedMailbox } from './open-link.ts';
import type { OpenLink } from './open-link.ts';

/** Where an admin lands afterwards: a path of its own, because its answer vouches for nothing. */
const landing = (publicUrl: string, provider: string) => `${publicUrl}/oauth/${provider}/admin-consent`;
/** Nothing is bound to the admin's answer, so nothing is looked up by it. */
const STATE = 'admin-consent';

/**
 * The page on which an admin allows the app for the whole organization, where a link's sign-in or its channel waits for
 * that; null otherwise. The person hands it over, and signs in again afterwards.
 */
export async function adminConsentUrl(context: ApiContext, opened: OpenLink): Promise<string | null> {
  const { link, channel, end, accessTypes } = opened;
  const isMissing = link.result?.status === 'failed' && link.result.code === 'admin_consent_required';
  if (end.done || (!isMissing && channel?.action !== 'admin_consent')) return null;
  for (const accessType of accessTypes) {
    const [oauth] = context.providers.get(accessType)?.signIn.oauth.filter((one) => 'adminConsentUrl' in one) ?? [];
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
