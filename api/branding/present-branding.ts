import type { z } from 'zod';
import type { Branding } from '../../db/access/branding.ts';
import { sha256 } from '../../crypto/random-secrets.ts';
import type { brandingOut, PageBranding } from '../schemas/branding.ts';

export function presentBranding(branding: Branding): z.infer<typeof brandingOut> {
  return {
    name: branding.name,
    logo_url: branding.logoUrl,
    accent_color: branding.accentColor,
    support_email: branding.supportEmail,
    support_url: branding.supportUrl,
    privacy_url: branding.privacyUrl,
  };
}

/** As pages show it. The logo's path changes with its address, so browsers may keep the image. */
export function presentPageBranding(branding: Branding): PageBranding {
  const { logoUrl } = branding;
  return {
    ...presentBranding(branding),
    logo_url: logoUrl === null ? null : `/branding/logo?of=${sha256(logoUrl).slice(0, 12)}`,
  };
}
