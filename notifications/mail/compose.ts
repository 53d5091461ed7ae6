import { isMailAddress } from '../../domain/address.ts';
import type { MailContent } from '../../domain/mail.ts';
import { documentOf } from './document.ts';
import { renderHtml } from './html.ts';
import { renderText } from './text.ts';
import { webAddress } from './one-line.ts';
import type { MailInput } from './mail-input.ts';

/**
 * Composes a mail in the recipient's language: subject, plain text, HTML and its own header fields. It names no address
 * but the recipient's and those of the channels. Throws when there is no channel to write about.
 */
export function composeMail(input: MailInput): MailContent {
  const document = documentOf(input);
  return {
    subject: document.subject,
    text: renderText(document),
    html: renderHtml(document),
    headers: headersOf(input),
  };
}

/** No answer of a machine's comes back (RFC 3834), and a mail program can offer the one-click end (RFC 8058). */
function headersOf({ unsubscribeUrl, branding, locale }: MailInput): Record<string, string> {
  const unsubscribe = webAddress(unsubscribeUrl);
  return {
    'Auto-Submitted': 'auto-generated',
    'X-Auto-Response-Suppress': 'All',
    'Content-Language': locale,
    ...(branding.supportEmail && isMailAddress(branding.supportEmail) ? { 'Reply-To': branding.supportEmail } : {}),
    ...(unsubscribe
      ? { 'List-Unsubscribe': `<${unsubscribe}>`, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' }
      : {}),
  };
}
