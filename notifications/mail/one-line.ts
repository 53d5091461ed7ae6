/** Controls, line ends, and marks that change the direction or the shape of what follows. */
const UNSEEN = /[\p{Cc}\p{Zl}\p{Zp}\u00AD\u200B\u200E\u200F\u202A-\u202E\u2060\u2066-\u2069\uFEFF]+/gu;
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

/**
 * A name that other people chose, as a subject, a header or a sentence may hold it: one line, at most `length`
 * characters, without controls and marks of direction. Mail programs make links of addresses in text, so `://` is
 * taken out: a name is no place for a link of a stranger's.
 */
export function oneLine(text: string, length: number): string {
  const line = text.replaceAll(UNSEEN, ' ').replaceAll('://', ' ').replaceAll(/\s+/gu, ' ').trim();
  const characters = [...new Intl.Segmenter().segment(line)];
  if (characters.length <= length) return line;
  return `${characters
    .slice(0, length - 1)
    .map(({ segment }) => segment)
    .join('')
    .trimEnd()}…`;
}

/** Right-to-left text keeps its direction to itself: around it stand FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE. */
export function isolated(text: string): string {
  return RIGHT_TO_LEFT.test(text) ? `\u2068${text}\u2069` : text;
}

/** An address that a mail may lead to; null for any other than http and https. */
export function webAddress(text: string | null): string | null {
  if (text === null || !URL.canParse(text)) return null;
  const url = new URL(text);
  return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
}
