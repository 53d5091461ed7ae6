import { localeOfTag } from '../../../domain/locale.ts';
import type { Locale } from '../../../domain/locale.ts';
import type { ConnectWords } from './shape.ts';

/** Each language by its own name, which its readers find in any other language. */
export const LANGUAGE_NAMES: Record<Locale, string> = {
  en: 'English',
  de: 'Deutsch',
  fr: 'Français',
  es: 'Español',
  ja: '日本語',
};

const FILES: Record<Locale, () => Promise<{ words: ConnectWords }>> = {
  en: () => import('./en.ts'),
  de: () => import('./de.ts'),
  fr: () => import('./fr.ts'),
  es: () => import('./es.ts'),
  ja: () => import('./ja.ts'),
};

const loaded = new Map<Locale, Promise<ConnectWords>>();

/** The words of one language, loaded once; a file that did not come is asked for again. */
export function loadWords(locale: Locale): Promise<ConnectWords> {
  const before = loaded.get(locale);
  if (before) return before;
  const words = FILES[locale]().then((file) => file.words);
  words.catch(() => loaded.delete(locale));
  loaded.set(locale, words);
  return words;
}

const KEY = 'mooring.language';

/** The language that the person chose here, or the first of the browser's that there is; null: none of them. */
export function preferredLanguage(): Locale | null {
  const tags = [localStorage.getItem(KEY) ?? '', ...navigator.languages];
  for (const tag of tags) {
    const locale = localeOfTag(tag);
    if (locale !== null) return locale;
  }
  return null;
}

export function rememberLanguage(locale: Locale): void {
  localStorage.setItem(KEY, locale);
}
