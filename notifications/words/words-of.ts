import type { Locale } from '../../domain/locale.ts';
import { en } from './en.ts';
import type { MailWords } from './mail-words.ts';

const WORDS: Record<Locale, MailWords> = { en, de: en, fr: en, es: en, ja: en };

/** The words of a language. */
export const wordsOf = (locale: Locale): MailWords => WORDS[locale];
