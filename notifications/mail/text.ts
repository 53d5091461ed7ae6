import type { MailDocument } from './document.ts';

/** The mail as plain text. Lines are paragraphs, unwrapped: a mail program wraps them to its own width. */
export function renderText(mail: MailDocument): string {
  const parts = [
    mail.greeting,
    mail.lead,
    ...mail.blocks.map((block) => blockText(block, mail.blocks.length > 1)),
    mail.outlook,
    mail.safety,
    '-- ',
    footText(mail),
  ];
  return `${parts.filter((part) => part !== null && part !== '').join('\n\n')}\n`.replace('-- \n\n', '-- \n');
}

function blockText({ heading, facts, task, button }: MailDocument['blocks'][number], isOneOfSeveral: boolean): string {
  const lines = [
    ...(isOneOfSeveral && heading !== null ? [`* ${heading}`] : []),
    ...facts.map(({ label, text }) => `${label}: ${text}`),
    ...(task === null ? [] : ['', task]),
    ...(button === null ? [] : ['', `${button.label}:`, button.url]),
  ];
  return lines.join('\n').trim();
}

function footText({ why, stop, sentBy, links }: MailDocument): string {
  return [
    why,
    ...(stop ? [[`${stop.label}: ${stop.url}`, stop.means].filter(Boolean).join('\n')] : []),
    sentBy,
    ...links.map(({ label, url }) => `${label}: ${url}`),
  ].join('\n');
}
