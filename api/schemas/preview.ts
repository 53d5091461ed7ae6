import { z } from 'zod';
import { NOTICE_KINDS } from '../../domain/notices/notice.ts';
import { brandingBody } from './branding.ts';
import { camelCased } from './camel-cased.ts';
import { locale, webAddress } from './parts.ts';

export const logoPreviewBody = camelCased(z.strictObject({ logo_url: webAddress.describe('Where the image is') }));

export const logoPreviewOut = z.object({
  logo: z.string().nullable().describe('The image as a `data:` address; null: there is none that can be shown'),
});
export type LogoPreview = z.infer<typeof logoPreviewOut>;

export const mailPreviewBody = camelCased(
  z.strictObject({
    kind: z.enum(NOTICE_KINDS).describe('What the mail says'),
    locale,
    tenant_name: z.string().min(1).max(200).describe('What the tenant is called in it'),
    branding: brandingBody.describe('The branding that it carries'),
  }),
);

export const mailPreviewOut = z.object({
  subject: z.string().describe('The subject'),
  text: z.string().describe('The plain text'),
  html: z.string().describe('The HTML'),
});
export type MailPreview = z.infer<typeof mailPreviewOut>;
