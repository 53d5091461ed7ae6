/** The longest list that is parsed at once, in characters: the parser's time grows faster than its text. */
const PARSED_CHARS = 8 * 1024;

/**
 * A list of addresses (RFC 5322 section 3.4) in parts that are parsed in no time. A list of ordinary length is one part. A
 * longer one is parted at commas outside quotes, comments and angle brackets; an entry that is longer itself is left out.
 */
export function* addressLists(value: string): Generator<string> {
  if (value.length <= PARSED_CHARS) return yield value;
  let start = 0;
  let part = '';
  for (const end of entryEnds(value)) {
    const entry = value.slice(start, end);
    start = end;
    if (part.length + entry.length > PARSED_CHARS) {
      yield part;
      part = '';
    }
    if (entry.length <= PARSED_CHARS) part += entry;
  }
  yield part;
}

/** Where entries end, each behind its comma; at last the end of all. */
function* entryEnds(value: string): Generator<number> {
  let isQuoted = false;
  let comments = 0;
  let isAngled = false;
  for (let at = 0; at < value.length; at++) {
    const char = value[at];
    if (char === '\\') at++;
    else if (char === '"' && comments === 0) isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (char === '(') comments++;
    else if (char === ')') comments = Math.max(0, comments - 1);
    else if (comments > 0) continue;
    else if (char === '<') isAngled = true;
    else if (char === '>') isAngled = false;
    else if (char === ',' && !isAngled) yield at + 1;
  }
  yield value.length;
}
