import type { MailDocument } from './document.ts';

/** Placeholder structure until the design stands; says all that the text says. */
export function renderHtml(mail: MailDocument): string {
  const blocks = mail.blocks
    .map(
      ({ heading, facts, task, button }) =>
        `${heading === null ? '' : `<h2>${escapeHtml(heading)}</h2>`}${facts.map(({ label, text }) => `<p><b>${escapeHtml(label)}</b> ${escapeHtml(text)}</p>`).join('')}${task === null ? '' : `<p>${escapeHtml(task)}</p>`}${button === null ? '' : `<p><a href="${escapeHtml(button.url)}">${escapeHtml(button.label)}</a></p>`}`,
    )
    .join('');
  const paragraphs = [...mail.outlook, mail.safety, mail.why, mail.sentBy].filter((text) => text !== null);
  return `<!doctype html><html lang="${mail.locale}"><head><meta charset="utf-8"><title>${escapeHtml(mail.subject)}</title></head><body><h1>${escapeHtml(mail.title)}</h1><p>${escapeHtml(mail.lead)}</p>${blocks}${paragraphs.map((text) => `<p>${escapeHtml(text)}</p>`).join('')}${mail.stop === null ? '' : `<p><a href="${escapeHtml(mail.stop.url)}">${escapeHtml(mail.stop.label)}</a></p>`}</body></html>`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escapeHtml = (text: string) => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
