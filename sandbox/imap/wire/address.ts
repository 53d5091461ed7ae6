/** An address of ENVELOPE (RFC 3501 section 7.4.2). A group begins with mailbox and null host, and ends with nulls. */
export interface EnvelopeAddress {
  name: string | null;
  route: string | null;
  mailbox: string | null;
  host: string | null;
}

type Token = { kind: 'word' | 'quoted' | 'comment' | 'special'; text: string; spaced: boolean };

const tokenPattern = /(\s+)|"((?:[^"\\]|\\[\s\S])*)"?|([<>@,;:])|([^\s"<>@,;:()]+)/y;

/** A null host would begin a group, so what is missing has to be named; these are Dovecot's words for it. */
const missing = { mailbox: 'MISSING_MAILBOX', host: 'MISSING_DOMAIN' };

/** Parses an address list of RFC 5322, leniently: what is not an address becomes one that says so. */
export function parseAddresses(value: string): EnvelopeAddress[] {
  const addresses: EnvelopeAddress[] = [];
  let current: Token[] = [];
  let inGroup = false;
  const finish = (): void => {
    const address = readAddress(current);
    if (address) addresses.push(address);
    current = [];
  };
  let inAngle = false;
  for (const token of tokenize(value)) {
    if (token.kind === 'special') inAngle = token.text === '<' || (inAngle && token.text !== '>');
    if (token.kind !== 'special' || inAngle || '<>@'.includes(token.text)) current.push(token);
    else if (token.text === ':') {
      addresses.push({ name: null, route: null, mailbox: phrase(current) ?? '', host: null });
      inGroup = true;
      current = [];
    } else {
      finish();
      if (token.text === ';' && inGroup) addresses.push({ name: null, route: null, mailbox: null, host: null });
      if (token.text === ';') inGroup = false;
    }
  }
  finish();
  if (inGroup) addresses.push({ name: null, route: null, mailbox: null, host: null });
  return addresses;
}

function tokenize(value: string): Token[] {
  const tokens: Token[] = [];
  let spaced = false;
  for (let at = 0; at < value.length;) {
    if (value[at] === '(') {
      const end = commentEnd(value, at);
      tokens.push({ kind: 'comment', text: value.slice(at + 1, end).replace(/\\([\s\S])/g, '$1'), spaced });
      at = end + 1;
      continue;
    }
    tokenPattern.lastIndex = at;
    const match = tokenPattern.exec(value);
    at = match ? tokenPattern.lastIndex : at + 1;
    if (!match) continue;
    const [, blank, quoted, special, word] = match;
    if (quoted !== undefined) tokens.push({ kind: 'quoted', text: quoted.replace(/\\([\s\S])/g, '$1'), spaced });
    else if (special) tokens.push({ kind: 'special', text: special, spaced });
    else if (word) tokens.push({ kind: 'word', text: word, spaced });
    spaced = blank !== undefined;
  }
  return tokens;
}

function commentEnd(value: string, start: number): number {
  let depth = 0;
  for (let at = start; at < value.length; at++) {
    if (value[at] === '\\') at++;
    else if (value[at] === '(') depth++;
    else if (value[at] === ')' && --depth === 0) return at;
  }
  return value.length;
}

function readAddress(tokens: Token[]): EnvelopeAddress | null {
  const open = tokens.findIndex((token) => token.kind === 'special' && token.text === '<');
  const named = open >= 0;
  const comment = tokens.findLast((token) => token.kind === 'comment')?.text ?? null;
  const inner = (named ? tokens.slice(open + 1) : tokens).filter(
    (token) => token.kind !== 'comment' && !(token.kind === 'special' && token.text === '>'),
  );
  if (inner.length === 0 && !named) return null;
  const name = named ? (phrase(tokens.slice(0, open)) ?? comment) : comment;
  const colon = inner.findIndex((token) => token.kind === 'special' && token.text === ':');
  const route = colon > 0 ? plain(inner.slice(0, colon)) : null;
  const spec = inner.slice(colon + 1);
  const at = spec.findLastIndex((token) => token.kind === 'special' && token.text === '@');
  if (at < 0 && !named && spec.length > 1) return { name: phrase(spec), route, ...missing };
  const mailbox = plain(at < 0 ? spec : spec.slice(0, at));
  const host = at < 0 ? '' : plain(spec.slice(at + 1));
  return { name, route, mailbox: mailbox || missing.mailbox, host: host || missing.host };
}

/** The words of a display name, one space between those that had any; null where there are none. */
function phrase(tokens: Token[]): string | null {
  const words = tokens.filter((token) => token.kind !== 'comment');
  if (words.length === 0) return null;
  return words.map((token, index) => (index > 0 && token.spaced ? ` ${token.text}` : token.text)).join('');
}

function plain(tokens: Token[]): string {
  return tokens.map((token) => token.text).join('');
}
