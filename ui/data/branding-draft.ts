import type { Branding } from '../../api/schemas/branding.ts';
import type { Faults } from './policy-draft.ts';

/** The branding as the form holds it; an empty field is not set. */
export interface BrandingDraft {
  name: string;
  logoUrl: string;
  accentColor: string;
  supportEmail: string;
  supportUrl: string;
  privacyUrl: string;
}

export function draftOfBranding(branding: Branding): BrandingDraft {
  return {
    name: branding.name ?? '',
    logoUrl: branding.logo_url ?? '',
    accentColor: branding.accent_color ?? '',
    supportEmail: branding.support_email ?? '',
    supportUrl: branding.support_url ?? '',
    privacyUrl: branding.privacy_url ?? '',
  };
}

/** The body of `PUT /v1/branding`. */
export function brandingOfDraft(draft: BrandingDraft): Branding {
  return {
    name: draft.name.trim() || null,
    logo_url: draft.logoUrl.trim() || null,
    accent_color: draft.accentColor.trim() || null,
    support_email: draft.supportEmail.trim() || null,
    support_url: draft.supportUrl.trim() || null,
    privacy_url: draft.privacyUrl.trim() || null,
  };
}

const NO_ADDRESS = 'Enter a whole address that begins with https://.';

/** What of a draft cannot be saved, by the field's path in the body. */
export function faultsInBranding(draft: BrandingDraft): Faults {
  const faults: Record<string, string> = {};
  if (draft.name.trim().length > 80) faults['name'] = 'The name has 80 characters at most.';
  if (draft.accentColor.trim() !== '' && !/^#([0-9a-f]{3}|[0-9a-f]{6})$/i.test(draft.accentColor.trim()))
    faults['accent_color'] = 'Enter a colour as # and six hexadecimal digits, such as #0e5f73.';
  if (draft.supportEmail.trim() !== '' && !/^[^\s@]+@[^\s@]+$/.test(draft.supportEmail.trim()))
    faults['support_email'] = 'Enter an email address, such as help@example.com.';
  const addresses = { logo_url: draft.logoUrl, support_url: draft.supportUrl, privacy_url: draft.privacyUrl };
  for (const [field, text] of Object.entries(addresses))
    if (text.trim() !== '' && !isWebAddress(text.trim())) faults[field] = NO_ADDRESS;
  return faults;
}

/** The part of a draft that could be saved: what the previews show while a person types. */
export function validBranding(draft: BrandingDraft): Branding {
  const faults = faultsInBranding(draft);
  const entries = Object.entries(brandingOfDraft(draft)).map(([field, value]) => [field, faults[field] ? null : value]);
  return Object.fromEntries(entries) as Branding;
}

function isWebAddress(text: string): boolean {
  return /^https?:\/\/[^\s\\/]/i.test(text) && URL.canParse(text) && new URL(text).username === '';
}
