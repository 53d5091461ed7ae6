/**
 * `a…a@example.com`: an address, or a login without one, as logs and histories may show it. What is masked already stays
 * as it is.
 */
export function maskAddress(address: string): string {
  const at = address.lastIndexOf('@');
  const name = Array.from(at < 0 ? address : address.slice(0, at));
  const last = name.length < 3 ? '' : name.at(-1);
  return `${name[0] ?? ''}…${last}${at < 0 ? '' : address.slice(at)}`;
}

/** `"ana maria"@example.com` (RFC 5322 quoted-string): the spaces would hide it from the words below. */
const QUOTED_NAME = /"[^"@]{1,64}"@/g;
/** A path, a URL and JSON are parted, so that `node_modules/@scope` is no address and one in a query is masked alone. */
const WORD = /[^\s"<>()[\]{},;:\\/=?&|]+/g;

/** A text with every address in it masked, those of a URL's query (`%40`) too. */
export function maskAddresses(text: string): string {
  if (!/@|%40/.test(text)) return text;
  return text.replaceAll(QUOTED_NAME, '"…"@').replaceAll(WORD, (word) => {
    const [, name = '', rest = ''] = /^(.+)((?:@|%40).*)$/.exec(word) ?? [];
    return name === '' ? word : `${maskAddress(name)}${rest}`;
  });
}

/** The names of a channel's account: the mailbox, and who signs in. */
export interface AccountNames {
  email: string;
  login: string;
}

/** A sentence about an account for a history: its names, and every other address, are masked. */
export function maskAccount(sentence: string, { email, login }: AccountNames): string {
  const masked = [email, login].reduce((text, name) => replaceWord(text, name, maskAddress(name)), sentence);
  return maskAddresses(masked);
}

/** The same sentence with the account's own names, for the product, which knows them. */
export function unmaskAccount(sentence: string, { email, login }: AccountNames): string {
  return [login, email].reduce((text, name) => replaceWord(text, maskAddress(name), name), sentence);
}

/** Whole words only: a login may be a single letter. */
function replaceWord(text: string, word: string, by: string): string {
  if (word === '') return text;
  const literal = word.replaceAll(/[^\p{L}\p{N}]/gu, (sign) => `\\u{${sign.codePointAt(0)?.toString(16)}}`);
  return text.replaceAll(new RegExp(`(?<![\\p{L}\\p{N}@…])${literal}(?![\\p{L}\\p{N}@…])`, 'gu'), () => by);
}
