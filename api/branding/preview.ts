import { composeMail } from '../../notifications/mail/compose.ts';
import type { ApiContext } from '../api-context.ts';
import { json } from '../http/answers.ts';
import { defineCall } from '../http/call.ts';
import { Problem } from '../http/problem.ts';
import type { Principal } from '../http/scopes.ts';
import { logoPreviewBody, logoPreviewOut, mailPreviewBody, mailPreviewOut } from '../schemas/preview.ts';
import { sampleMail } from './sample-mail.ts';

const tag = 'Web UI';

const previewLogo = defineCall({
  method: 'post',
  path: '/ui/logo-preview',
  operationId: 'previewLogo',
  summary: 'Read a logo before it is set',
  description: 'For the settings of the web UI: fetches the image as pages would, and stores nothing.',
  tag,
  isInternal: true,
  access: ['admin'],
  body: logoPreviewBody,
  example: { logo_url: 'https://example.com/logo.png' },
  answers: { 200: json('The image', logoPreviewOut) },
  problems: ['tenant_not_allowed'],
  async run({ context, principal, body }) {
    requireInstallation(principal);
    return { status: 200, body: { logo: await dataUrlOf(context, body.logoUrl) } };
  },
});

/** It goes to no one, and its links lead nowhere. */
const previewMail = defineCall({
  method: 'post',
  path: '/ui/mail-preview',
  operationId: 'previewMail',
  summary: 'Make a mail about an invented channel, for a look at it',
  description: 'For the settings of the web UI, with the branding as it is in the form. It sends nothing.',
  tag,
  isInternal: true,
  access: ['admin'],
  body: mailPreviewBody,
  example: { kind: 'reminder', locale: 'en', tenant_name: 'Acme Ltd', branding: { name: 'Example Desk' } },
  answers: { 200: json('The mail', mailPreviewOut) },
  problems: ['tenant_not_allowed'],
  async run({ context, principal, body }) {
    requireInstallation(principal);
    const { logoUrl } = body.branding;
    const [now, logo] = await Promise.all([context.clock.now(), logoUrl === null ? null : dataUrlOf(context, logoUrl)]);
    const branding = { ...body.branding, logoUrl: logo === null ? null : LOGO_PLACE };
    const { subject, text, html } = composeMail(sampleMail({ ...body, branding }, context.config.publicUrl, now));
    return { status: 200, body: { subject, text, html: logo === null ? html : html.replaceAll(LOGO_PLACE, logo) } };
  },
});

/** Branding is of the installation, and Mooring fetches the logo that the caller names. */
function requireInstallation({ tenantId }: Principal): void {
  if (tenantId !== null)
    throw new Problem('tenant_not_allowed', 'Branding is of the installation; expected a key of all tenants');
}

/** Stands for the logo while the mail is composed: the frame of a preview loads nothing, so the image is put into it. */
const LOGO_PLACE = 'https://logo.invalid/';

async function dataUrlOf({ logos }: ApiContext, url: string): Promise<string | null> {
  const logo = await logos.preview(url);
  return logo && `data:${logo.mediaType};base64,${logo.bytes.toString('base64')}`;
}

export const previewCalls = [previewLogo, previewMail];
