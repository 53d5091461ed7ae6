/** The languages of mails and connect pages. */
export const LOCALES = ['en', 'de', 'fr', 'es', 'ja'] as const;
export type Locale = (typeof LOCALES)[number];

/** The language of a language tag (`de-AT` is German); null for a language that Mooring does not speak. */
export function localeOfTag(tag: string): Locale | null {
  const language = tag.trim().split(/[-_]/)[0]?.toLowerCase() ?? '';
  return LOCALES.find((locale) => locale === language) ?? null;
}

/** The language of an `Accept-Language` header or of a single tag: the first by quality that Mooring speaks, else English. */
export function localeOf(acceptLanguage: string | null | undefined): Locale {
  const wanted = (acceptLanguage ?? '').split(',').map(readRange);
  const accepted = wanted.filter(({ quality }) => quality > 0).toSorted((one, other) => other.quality - one.quality);
  for (const { tag } of accepted) {
    const locale = localeOfTag(tag);
    if (locale !== null) return locale;
  }
  return 'en';
}

function readRange(range: string): { tag: string; quality: number } {
  const [tag = '', ...parameters] = range.split(';').map((part) => part.trim());
  const quality = parameters.find((parameter) => /^q=/i.test(parameter))?.slice(2);
  return { tag, quality: quality === undefined ? 1 : Number(quality) || 0 };
}
