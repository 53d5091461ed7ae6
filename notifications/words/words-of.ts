import type { Locale } from '../../domain/locale.ts';
import { de } from './de.ts';
import { en } from './en.ts';
import { es } from './es.ts';
import { fr } from './fr.ts';
import { ja } from './ja.ts';
import type { MailWords } from './mail-words.ts';

const WORDS: Record<Locale, MailWords> = { en, de, fr, es, ja };

/** The words of a language. */
export const wordsOf = (locale: Locale): MailWords => WORDS[locale];
