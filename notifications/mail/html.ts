import type { MailDocument } from './document.ts';
import { LIGHT, accentOf, darkStyle, fontOf, gmailStyle } from './html-style.ts';
import { SafeHtml, markup } from './safe-html.ts';

type Block = MailDocument['blocks'][number];

/** What a mail list shows after the preview would be the start of the mail again: blanks take its place. */
const BLANKS = new SafeHtml('&#847;&zwnj;&nbsp;'.repeat(60));
const TABLE = new SafeHtml('role="presentation" cellpadding="0" cellspacing="0" border="0"');
const BREAKS = 'word-break:break-word;overflow-wrap:anywhere';

/**
 * The mail as HTML: tables and inline styles, one column that needs no media query to fit a phone, no script, no remote
 * content but a logo. Outlook's Word engine gets a fixed width and its own padding of the button.
 */
export function renderHtml(mail: MailDocument): string {
  const font = new SafeHtml(fontOf(mail.locale));
  return markup`<!doctype html>
<html lang="${mail.locale}" dir="ltr" xmlns="http://www.w3.org/1999/xhtml" xmlns:o="urn:schemas-microsoft-com:office:office">
${head(mail)}
<body class="paper" style="margin:0;padding:0;width:100%;background-color:${LIGHT.paper};-webkit-text-size-adjust:100%;-ms-text-size-adjust:100%">
<div style="display:none;max-height:0;max-width:0;overflow:hidden;mso-hide:all;font-size:1px;line-height:1px;opacity:0">${mail.preview}${BLANKS}</div>
<table ${TABLE} class="paper" width="100%" bgcolor="${LIGHT.paper}" style="background-color:${LIGHT.paper}"><tr><td align="center" style="padding:24px 12px 32px;font-family:${font}">
${wordOnly('<table role="presentation" width="600" align="center" cellpadding="0" cellspacing="0" border="0"><tr><td>')}
<table ${TABLE} width="100%" style="max-width:600px;margin:0 auto;text-align:left">
${brandRow(mail)}
${cardRow(mail)}
${footRow(mail)}
</table>
${wordOnly('</td></tr></table>')}
</td></tr></table>
</body>
</html>
`.text;
}

/** Markup that Outlook's Word engine alone reads. */
const wordOnly = (text: string) => new SafeHtml(`<!--[if mso]>${text}<![endif]-->`);

function head({ subject, locale, brand }: MailDocument): SafeHtml {
  const wordFont = locale === 'ja' ? 'Meiryo,sans-serif' : "'Segoe UI',Arial,sans-serif";
  return markup`<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<meta name="format-detection" content="telephone=no,date=no,address=no,email=no,url=no">
<meta name="x-apple-disable-message-reformatting">
<title>${subject}</title>
${wordOnly(`<noscript><xml><o:OfficeDocumentSettings><o:PixelsPerInch>96</o:PixelsPerInch></o:OfficeDocumentSettings></xml></noscript><style>table{border-collapse:collapse}td,h1,h2,p,a,span{font-family:${wordFont}!important;mso-line-height-rule:exactly}</style>`)}
<style>:root{color-scheme:light dark;supported-color-schemes:light dark}a[x-apple-data-detectors]{color:inherit!important;text-decoration:none!important}${new SafeHtml(darkStyle(brand.accentColor))}</style>
<style>${new SafeHtml(gmailStyle(brand.accentColor))}</style>
</head>`;
}

function brandRow({ brand }: MailDocument): SafeHtml {
  const name = `font-size:16px;line-height:24px;font-weight:600;color:${LIGHT.ink}`;
  const mark =
    brand.logoUrl === null
      ? markup`<span class="ink" style="${name}">${brand.name}</span>`
      : markup`<span class="plate" style="display:inline-block;border-radius:8px;padding:6px 8px"><img src="${brand.logoUrl}" alt="${brand.name}" height="32" border="0" style="display:block;height:32px;width:auto;max-width:240px;border:0;${name}"></span>`;
  return markup`<tr><td style="padding:0 12px 16px">${mark}</td></tr>`;
}

function cardRow(mail: MailDocument): SafeHtml {
  const isOne = mail.blocks.length === 1;
  return markup`<tr><td class="card" bgcolor="${LIGHT.card}" style="background-color:${LIGHT.card};border:1px solid ${LIGHT.line};border-radius:12px;padding:28px 24px 20px">
<h1 class="ink" style="margin:0 0 16px;font-size:24px;line-height:31px;font-weight:700;color:${LIGHT.ink}">${mail.title}</h1>
${mail.greeting === null ? null : paragraph(mail.greeting)}
${paragraph(mail.lead)}
${mail.blocks.map((block) => blockOf(block, mail, isOne))}
${mail.outlook === '' ? null : paragraph(mail.outlook)}
${mail.safety === null ? null : note(mail.safety)}
${isOne ? fallback(mail) : null}
</td></tr>`;
}

function paragraph(text: string): SafeHtml {
  return markup`<p class="ink" style="margin:0 0 16px;font-size:16px;line-height:25px;color:${LIGHT.ink};${BREAKS}">${text}</p>
`;
}

function note(text: string): SafeHtml {
  return markup`<p class="muted" style="margin:0 0 8px;font-size:13px;line-height:20px;color:${LIGHT.muted};${BREAKS}">${text}</p>
`;
}

/** One mailbox: alone its facts and then the task, one of several all of it in its own panel. */
function blockOf(block: Block, mail: MailDocument, isOne: boolean): SafeHtml | null {
  const task = block.task === null ? null : paragraph(block.task);
  const button = block.button === null ? null : buttonOf(block.button, mail);
  if (isOne) return markup`${panel(block, null)}${task}${button}`;
  return panel(block, markup`${task}${button}`);
}

function panel({ heading, facts }: Block, more: SafeHtml | null): SafeHtml | null {
  if (facts.length === 0 && more === null) return null;
  const rows = facts.map(
    ({ label, text }) =>
      markup`<p class="muted" style="margin:0;font-size:13px;line-height:20px;color:${LIGHT.muted}">${label}</p>
<p class="ink" style="margin:0 0 10px;font-size:15px;line-height:23px;color:${LIGHT.ink};${BREAKS}">${text}</p>
`,
  );
  return markup`<table ${TABLE} width="100%" style="margin:0 0 20px"><tr><td class="panel" bgcolor="${LIGHT.panel}" style="background-color:${LIGHT.panel};border-radius:8px;padding:16px 16px 6px">
${heading === null ? null : headingOf(heading)}${rows}${more}</td></tr></table>
`;
}

function headingOf(text: string): SafeHtml {
  return markup`<h2 class="ink" style="margin:0 0 10px;font-size:16px;line-height:23px;font-weight:600;color:${LIGHT.ink};${BREAKS}">${text}</h2>
`;
}

const BEFORE_LABEL = wordOnly(
  '<i style="mso-font-width:200%;mso-text-raise:20pt" hidden>&emsp;</i><span style="mso-text-raise:10pt">',
);
const AFTER_LABEL = wordOnly('</span><i style="mso-font-width:200%" hidden>&emsp;&#8203;</i>');

/** The link fills its cell, so all of it can be touched. Word pads no link: blanks of a set height stand in. */
function buttonOf({ label, url, spoken }: NonNullable<Block['button']>, { brand }: MailDocument): SafeHtml {
  const { fill, ink, edge } = accentOf(brand.accentColor).light;
  const aria = spoken === label ? null : markup` aria-label="${spoken}"`;
  return markup`<table ${TABLE} style="margin:4px 0 20px"><tr><td class="button" align="center" bgcolor="${fill}" style="background-color:${fill};border:1px solid ${edge};border-radius:8px"><a class="label" href="${url}"${aria} style="display:inline-block;padding:13px 26px;font-size:16px;line-height:22px;font-weight:600;color:${ink};text-decoration:none;border-radius:8px;mso-padding-alt:0">${BEFORE_LABEL}<span class="label" style="color:${ink}">${label}</span>${AFTER_LABEL}</a></td></tr></table>
`;
}

/** A program that shows no button still has the address. */
function fallback({ blocks, fallback, brand }: MailDocument): SafeHtml | null {
  const url = blocks[0]?.button?.url;
  if (url === undefined) return null;
  const { text } = accentOf(brand.accentColor).light;
  return markup`<p class="muted" style="margin:0 0 8px;font-size:13px;line-height:20px;color:${LIGHT.muted}">${fallback}<br><a class="link" href="${url}" style="color:${text};text-decoration:underline;word-break:break-all">${url}</a></p>
`;
}

function footRow({ why, stop, sentBy, links }: MailDocument): SafeHtml {
  const style = `margin:0 0 6px;font-size:13px;line-height:20px;color:${LIGHT.muted};${BREAKS}`;
  const more = links.map((link) => markup` &middot; ${quietLink(link)}`);
  return markup`<tr><td style="padding:20px 12px 0">
<p class="muted" style="${style}">${why}</p>
${stop === null ? null : markup`<p class="muted" style="${style}">${quietLink(stop)}${stop.means === null ? null : markup` &middot; ${stop.means}`}</p>`}
<p class="muted" style="${style}">${sentBy}${more}</p>
</td></tr>`;
}

function quietLink({ label, url }: { label: string; url: string }): SafeHtml {
  return markup`<a class="muted" href="${url}" style="color:${LIGHT.muted};text-decoration:underline">${label}</a>`;
}
