/** Text that is HTML already; every other value in a `markup` template is escaped. */
export class SafeHtml {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | SafeHtml | null | readonly (SafeHtml | null)[];

/** A template whose values are escaped, so that no name of other people's becomes a tag. null is left out. */
export function markup(parts: TemplateStringsArray, ...values: Value[]): SafeHtml {
  const text = parts.reduce((before, part, at) => before + textOf(values[at - 1] ?? null) + part);
  return new SafeHtml(text);
}

function textOf(value: Value): string {
  if (value === null) return '';
  if (value instanceof SafeHtml) return value.text;
  return typeof value === 'object' ? value.map(textOf).join('') : escapeHtml(String(value));
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

const escapeHtml = (text: string) => text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
