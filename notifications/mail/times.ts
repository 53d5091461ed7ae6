import type { Locale } from '../../domain/locale.ts';

const TAGS: Record<Locale, string> = { en: 'en-GB', de: 'de-DE', fr: 'fr-FR', es: 'es-ES', ja: 'ja-JP' };

/** The word between day and time. */
const BETWEEN: Record<Locale, string> = { en: ', ', de: ', ', fr: ' à ', es: ', ', ja: ' ' };

/** A time as its reader says it: in words of the language, on the reader's own clock, with the zone's name. */
export function timeIn(locale: Locale, timeZone: string): (at: Date) => string {
  const zone = isTimeZone(timeZone) ? timeZone : 'UTC';
  const day = new Intl.DateTimeFormat(TAGS[locale], {
    weekday: locale === 'ja' ? 'short' : 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    timeZone: zone,
  });
  const time = new Intl.DateTimeFormat(TAGS[locale], {
    hour: '2-digit',
    minute: '2-digit',
    timeZone: zone,
    timeZoneName: 'short',
  });
  return (at) => `${day.format(at)}${BETWEEN[locale]}${time.format(at)}`;
}

function isTimeZone(name: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
}
