import { localeOfTag } from '../../domain/locale.ts';
import type { Locale } from '../../domain/locale.ts';

/** What the banner says beside the server's messages. */
interface EmbedWords {
  /** What the banner is called by a screen reader. */
  region: string;
  signInNeeded: string;
  blocked: string;
  signIn: string;
  /** The same with the mailbox, for a screen reader that lists buttons. */
  signInAs(email: string): string;
  details: string;
  detailsOf(email: string): string;
  showAll(count: number): string;
}

const WORDS: Record<Locale, EmbedWords> = {
  en: {
    region: 'Accounts that need you',
    signInNeeded: 'Sign-in needed',
    blocked: 'Blocked',
    signIn: 'Sign in again',
    signInAs: (email) => `Sign in again as ${email}`,
    details: 'What to do',
    detailsOf: (email) => `What to do about ${email}`,
    showAll: (count) => `Show all ${count}`,
  },
  de: {
    region: 'Konten, die Sie brauchen',
    signInNeeded: 'Anmeldung nötig',
    blocked: 'Gesperrt',
    signIn: 'Erneut anmelden',
    signInAs: (email) => `Erneut anmelden als ${email}`,
    details: 'Was zu tun ist',
    detailsOf: (email) => `Was bei ${email} zu tun ist`,
    showAll: (count) => `Alle ${count} anzeigen`,
  },
  fr: {
    region: 'Comptes à réparer',
    signInNeeded: 'Connexion requise',
    blocked: 'Bloqué',
    signIn: 'Se reconnecter',
    signInAs: (email) => `Se reconnecter avec ${email}`,
    details: 'Que faire',
    detailsOf: (email) => `Que faire pour ${email}`,
    showAll: (count) => `Afficher les ${count}`,
  },
  es: {
    region: 'Cuentas que requieren su atención',
    signInNeeded: 'Inicio de sesión necesario',
    blocked: 'Bloqueada',
    signIn: 'Iniciar sesión de nuevo',
    signInAs: (email) => `Iniciar sesión de nuevo como ${email}`,
    details: 'Qué hacer',
    detailsOf: (email) => `Qué hacer con ${email}`,
    showAll: (count) => `Mostrar las ${count}`,
  },
  ja: {
    region: '対応が必要なアカウント',
    signInNeeded: 'サインインが必要です',
    blocked: 'ブロックされています',
    signIn: 'もう一度サインイン',
    signInAs: (email) => `${email}でもう一度サインイン`,
    details: '対処方法',
    detailsOf: (email) => `${email}の対処方法`,
    showAll: (count) => `${count}件すべてを表示`,
  },
};

/** The words in the first of these languages that Mooring speaks, else English. */
export function wordsIn(tags: readonly string[]): { locale: Locale; words: EmbedWords } {
  const locale = tags.map(localeOfTag).find((found) => found !== null) ?? 'en';
  return { locale, words: WORDS[locale] };
}
