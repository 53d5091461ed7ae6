/**
 * The JSON object in an answer's text. Clients print it behind words of their own ("Client error: … {…}"), so it is
 * looked for within the text where the whole is none. null when there is none.
 */
export function jsonWithin(text: string): unknown {
  const whole = parseJson(text);
  if (whole !== null) return Array.isArray(whole) ? (whole[0] as unknown) : whole;
  const start = text.indexOf('{');
  const end = text.lastIndexOf('}');
  return start < 0 || end < start ? null : parseJson(text.slice(start, end + 1));
}

/** null for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
