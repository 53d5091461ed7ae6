import type { Locale } from '../../domain/locale.ts';

interface WayBackWords {
  close: string;
  back(host: string): string;
}

/** The end of a visit that began on a page of the product. */
export const WAY_BACK_WORDS: Record<Locale, WayBackWords> = {
  en: { close: 'Close this window', back: (host) => `Back to ${host}` },
  de: { close: 'Fenster schließen', back: (host) => `Zurück zu ${host}` },
  fr: { close: 'Fermer cette fenêtre', back: (host) => `Retour à ${host}` },
  es: { close: 'Cerrar esta ventana', back: (host) => `Volver a ${host}` },
  ja: { close: 'このウィンドウを閉じる', back: (host) => `${host}に戻る` },
};
