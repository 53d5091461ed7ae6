import { z } from 'zod';
import type { Context } from '../../runtime/context.ts';

const LABEL = 'banner token';
const PREFIX = 'mbt_';

/** The tenant, owner or channel that a banner token is bound to. */
export interface BannerClaims {
  tenantId: string;
  ownerEmail: string | null;
  channelId: string | null;
  expiresAt: Date;
}

/** The claims as the token carries them. */
const carried = z.tuple([z.string(), z.string().nullable(), z.string().nullable(), z.number()]);

/** Makes a token that carries its claims, so that a page load of the product writes no row. */
export function makeBannerToken({ vault }: Pick<Context, 'vault'>, claims: BannerClaims): string {
  const { tenantId, ownerEmail, channelId, expiresAt } = claims;
  const text: z.infer<typeof carried> = [tenantId, ownerEmail, channelId, expiresAt.getTime()];
  return `${PREFIX}${vault.makeToken(JSON.stringify(text), LABEL)}`;
}

/** null: Mooring did not make it. An expired token is read too: its page may learn that it expired. */
export function readBannerToken({ vault }: Pick<Context, 'vault'>, token: string): BannerClaims | null {
  const claims = token.startsWith(PREFIX) ? vault.readToken(token.slice(PREFIX.length), LABEL) : null;
  if (claims === null) return null;
  const [tenantId, ownerEmail, channelId, expiresAt] = carried.parse(JSON.parse(claims));
  return { tenantId, ownerEmail, channelId, expiresAt: new Date(expiresAt) };
}
