import { z } from 'zod';
import { camelCased } from './camel-cased.ts';
import { email, webAddress } from './parts.ts';

const NAME = 'What the product calls itself; null: Mooring';
const LOGO =
  'A PNG, JPEG, GIF, WebP or SVG image of at most 512 KiB; Mooring fetches it and serves it itself, so that no other server learns who opens a link';
const ACCENT = 'The accent colour, `#rrggbb`; texts on it and in it are given a colour with enough contrast';
const SUPPORT_EMAIL = 'The address that helps people on';
const SUPPORT_URL = 'The page that helps people on';
const PRIVACY_URL = 'The privacy notice';

const accentColor = z
  .string()
  .regex(/^#([0-9a-f]{3}|[0-9a-f]{6})$/i, 'expected a colour, #rgb or #rrggbb')
  .transform((color) => (color.length === 4 ? color.replaceAll(/[0-9a-f]/gi, '$&$&') : color).toLowerCase());

export const brandingBody = camelCased(
  z.strictObject({
    name: z
      .string()
      .trim()
      .regex(/^\P{C}{1,80}$/u, 'expected 1 to 80 characters without control characters')
      .nullable()
      .default(null)
      .describe(NAME),
    logo_url: webAddress.nullable().default(null).describe(LOGO),
    accent_color: accentColor.nullable().default(null).describe(ACCENT),
    support_email: email.nullable().default(null).describe(SUPPORT_EMAIL),
    support_url: webAddress.nullable().default(null).describe(SUPPORT_URL),
    privacy_url: webAddress.nullable().default(null).describe(PRIVACY_URL),
  }),
);

export const brandingOut = z
  .object({
    name: z.string().nullable().describe(NAME),
    logo_url: z.string().nullable().describe(LOGO),
    accent_color: z.string().nullable().describe(ACCENT),
    support_email: z.string().nullable().describe(SUPPORT_EMAIL),
    support_url: z.string().nullable().describe(SUPPORT_URL),
    privacy_url: z.string().nullable().describe(PRIVACY_URL),
  })
  .meta({ id: 'Branding' });
export type Branding = z.infer<typeof brandingOut>;

export const logoQuery = z.strictObject({
  of: z.string().max(64).optional().describe('Changes with the logo, so that browsers may keep it; ignored'),
});

/** As pages show it: the logo's address is one of ours. */
export const pageBrandingOut = brandingOut
  .extend({ logo_url: z.string().nullable().describe('Where this server has the logo; null: there is none') })
  .meta({ id: 'PageBranding', description: 'What the product gives its pages of its own' });
export type PageBranding = z.infer<typeof pageBrandingOut>;
