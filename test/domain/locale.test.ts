import { expect, test } from 'vitest';
import { localeOf, localeOfTag } from '../../domain/locale.ts';

test.each([
  ['de-AT,de;q=0.9,en;q=0.8', 'de'],
  ['it;q=0.9, fr-CA;q=0.7, en;q=0.3', 'fr'],
  ['en;q=0.2, ja', 'ja'],
  ['es;q=0, pt-BR', 'en'],
  ['ES-419', 'es'],
  ['*', 'en'],
  ['', 'en'],
  [undefined, 'en'],
  [null, 'en'],
  ['de;q=x, fr;q=0.1', 'fr'],
])('the language of %j is %s', (header, locale) => {
  expect(localeOf(header)).toBe(locale);
});

test('a tag of another language has none', () => {
  expect([localeOfTag('en-US'), localeOfTag('it'), localeOfTag('')]).toEqual(['en', null, null]);
});
