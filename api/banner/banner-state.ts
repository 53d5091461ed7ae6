import { findPolicy, findTenant } from '../../db/access/tenants.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import { listNeedingPerson } from '../../db/channels/needing-person.ts';
import type { TenantPolicy } from '../../db/schema/tenants.ts';
import type { Locale } from '../../domain/locale.ts';
import type { ApiContext } from '../api-context.ts';
import type { BannerState } from '../schemas/banner.ts';
import { bannerLinkUrls } from './banner-links.ts';
import type { BannerClaims } from './banner-token.ts';
import { findCredentialFacts } from '../../db/credentials/token-reads.ts';
import { bannerMessage } from './banner-message.ts';
import { listedOrigin } from './cross-origin.ts';

/** Channels that a banner names; beyond them a list in the product serves better. */
const MOST = 50;

interface Asked {
  claims: BannerClaims;
  /** The origin of the page that asks; null outside of a page. */
  pageOrigin: string | null;
  locale: Locale;
  now: Date;
}

interface Read {
  /** The page's origin, if it may read the answer. */
  origin: string | null;
  /** null: the token has expired, or its tenant is being erased. */
  state: BannerState | null;
}

/** The channels that a banner token shows, and the origin that may read them. */
export function readBannerState(context: ApiContext, asked: Asked): Promise<Read> {
  const { claims, pageOrigin, locale, now } = asked;
  const { tenantId, ownerEmail, channelId } = claims;
  return context.database.inTenant(tenantId, async (tx) => {
    const tenant = await findTenant(tx, tenantId);
    const policy = await findPolicy(tx, tenantId);
    const origin = listedOrigin(context, pageOrigin, policy);
    if (tenant?.eraseRequestedAt || claims.expiresAt <= now) return { origin, state: null };
    const audience = { tenantId, ownerEmail, channelId, isAdmin: isAdmin(policy, ownerEmail) };
    const rows = await listNeedingPerson(tx, audience, MOST);
    const urls = await bannerLinkUrls(context, tx, { channels: rows.filter(isHelpedBySignIn), origin, now });
    const reader = { locale, tenantName: policy.displayName ?? tenantId, isTheirOwn: ownerEmail !== null };
    const facts = await findCredentialFacts(
      tx,
      rows.map(({ id }) => id),
    );
    const channels = rows.map((row) => ({
      id: row.id,
      email: row.accountEmail,
      status: row.status,
      status_reason: row.statusReason,
      action: row.action,
      message: bannerMessage(context, row, { credential: facts.get(row.id) ?? null, reader }),
      reauthorize_url: urls.get(row.id) ?? null,
    }));
    return { origin, state: { channels } };
  });
}

function isAdmin({ admins }: TenantPolicy, email: string | null): boolean {
  return email !== null && admins.some((admin) => admin.email.toLowerCase() === email.toLowerCase());
}

/** The page behind the link also leads an administrator to the provider's page for consent. */
const isHelpedBySignIn = ({ status, action }: ChannelRow): boolean =>
  status === 'reauth_required' || action === 'admin_consent';
