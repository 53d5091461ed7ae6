import type { AccessType } from '../../../domain/access-type.ts';
import type { Locale } from '../../../domain/locale.ts';
import { capital } from '../../../domain/words/sign-in-failures.ts';
import type { ConnectWords, Counted } from './shape.ts';

export type Parts = Record<string, string>;

/** A sentence with its `{names}` filled in. “the mail server” gets a capital at its start, an address never. */
export function fill(text: string, parts: Parts): string {
  const filled = text.replaceAll(/\{(\w+)\}/g, (name, key: string) => parts[key] ?? name);
  return /^\{(provider|at)\}/.test(text) ? capital(filled) : filled;
}

/**
 * `provider` and `at`, for sentences about the provider of an account. One without a name, such as “the mail server”, is
 * called by its access type in each language.
 */
export function providerParts(
  { providers, atProvider }: Pick<ConnectWords, 'providers' | 'atProvider'>,
  provider: string,
  accessType?: AccessType,
): { provider: string; at: string } {
  const generic = accessType && provider.startsWith('the ') && providers[accessType];
  return generic
    ? { provider: generic.name, at: generic.at }
    : { provider, at: atProvider.replace('{provider}', provider) };
}

/** The form of a counted sentence for this number, with `{count}` grouped as the language does. */
export function counted(locale: Locale, forms: Counted, n: number, parts: Parts = {}): string {
  const form = forms[new Intl.PluralRules(locale).select(n)] ?? forms.other;
  return fill(form, { ...parts, count: numberIn(locale, n) });
}

export function numberIn(locale: Locale, n: number): string {
  return new Intl.NumberFormat(locale).format(n);
}

/** A moment that people compare with their own calendar: `3 May 2026 at 14:02`. */
export function momentIn(locale: Locale, iso: string): string {
  // `en` alone would write months first, and hours with am and pm.
  const language = locale === 'en' ? enOf(navigator.language) : locale;
  return new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'short' }).format(new Date(iso));
}

const enOf = (tag: string): string => (tag.startsWith('en-') ? tag : 'en-GB');
