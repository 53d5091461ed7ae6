import { describe, expect, it } from 'vitest';
import { LOCALES } from '../../domain/locale.ts';
import type { Locale } from '../../domain/locale.ts';
import { counted, fill, providerParts } from '../../ui/words/connect/fill.ts';
import { loadWords } from '../../ui/words/connect/languages.ts';
import type { ConnectWords } from '../../ui/words/connect/shape.ts';

const languages = Object.fromEntries(
  await Promise.all(LOCALES.map(async (locale) => [locale, await loadWords(locale)])),
) as Record<Locale, ConnectWords>;

/** Every text by its path; plural forms and fields that are no text are left out. */
function textsOf(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value)
    .filter(([name]) => name !== 'field' && (!isPlural(name) || name === 'other'))
    .flatMap(([name, inner]) => textsOf(inner, `${path}.${name}`));
}
const isPlural = (name: string) => ['zero', 'one', 'two', 'few', 'many', 'other'].includes(name);
const namesIn = (text: string) => [...new Set(text.match(/\{\w+\}/g))].toSorted();

describe.each(LOCALES)('the words in %s', (locale) => {
  const english = new Map(textsOf(languages.en));
  const texts = textsOf(languages[locale]);

  it('are all there, none empty, and none left in English', () => {
    expect(texts.map(([path]) => path).toSorted()).toEqual([...english.keys()].toSorted());
    expect(texts.filter(([path, text]) => path !== '.space' && text.trim() === '')).toEqual([]);
    const long = texts.filter(([path, text]) => locale !== 'en' && text.length > 20 && text === english.get(path));
    expect(long).toEqual([]);
  });

  it('have the same names to fill in', () => {
    for (const [path, text] of texts) {
      expect(namesIn(text), path).toEqual(namesIn(english.get(path) ?? ''));
    }
  });

  it('name who issued a grant, and call a server without a name by its kind', () => {
    const words = languages[locale];
    expect(providerParts(words, 'Google', 'imap').provider).toBe('Google');
    expect(providerParts(words, 'the mail server', 'imap').provider).toBe(words.providers.imap?.name);
  });

  it('never name Mooring: the product does', () => {
    expect(texts.filter(([, text]) => text.includes('Mooring'))).toEqual([]);
  });

  it('count as the language does', () => {
    const { soFar } = languages[locale].done;
    for (const n of [0, 1, 2, 40, 1_204]) {
      const said = counted(locale, soFar, n);
      expect(said).not.toContain('{');
      expect(said.replaceAll(/\D/g, '')).toBe(String(n));
    }
  });
});

it('a sentence begins with a capital, with any part filled in', () => {
  const { causes, providers } = languages.de;
  const filled = fill(causes.network, { provider: providers.imap?.name ?? '' });
  expect(filled).toBe('Der Mailserver ist im Moment nicht erreichbar.');
});
