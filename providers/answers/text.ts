/** Brackets tried before an answer counts as having no JSON: "[GaxiosError] … {…}" has some that open none. */
const MOST_BRACKETS = 20;
/** Values examined per answer: an error is near the outside, and a listing is no error. */
const MOST_VALUES = 500;

/**
 * The JSON in an answer's text, wherever it is: clients print words around it ("Client error: … {…}"), servers glue an
 * error page behind it. null when there is none.
 */
function jsonWithin(text: string): unknown {
  const whole = parseJson(text);
  if (typeof whole === 'object' && whole !== null) return whole;
  let tries = 0;
  for (const { index } of text.matchAll(/[{[]/g)) {
    const part = parseJson(balancedAt(text, index));
    if (typeof part === 'object' && part !== null && Object.keys(part).length > 0) return part;
    if (++tries === MOST_BRACKETS) return null;
  }
  return null;
}

/**
 * Every object of an answer's JSON, the outermost and first in front: libraries and proxies wrap what a provider said
 * (`response.data`), some of them as JSON within a string. Empty when the answer holds none.
 */
export function objectsWithin(text: string): Record<string, unknown>[] {
  const waiting: unknown[] = [jsonWithin(text)];
  for (let at = 0; at < waiting.length && waiting.length < MOST_VALUES; at++) {
    const value = waiting[at];
    if (Array.isArray(value)) waiting.push(...(value.slice(0, MOST_VALUES) as unknown[]));
    else if (isObject(value)) waiting.push(...Object.values(value).slice(0, MOST_VALUES));
    else if (typeof value === 'string' && /^\s*[{[]/.test(value)) waiting.push(parseJson(value));
  }
  return waiting.filter(isObject);
}

/** An HTML page of a proxy, a captive portal or a gateway. Its words do not answer our request. */
export function isPage(text: string): boolean {
  return /^\s*(<\?xml[^>]*>\s*)?<(!doctype html|html|head|body|title)\b/i.test(text);
}

/** null for what is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** From the bracket at `start` to the one that closes it; '' when none does. */
function balancedAt(text: string, start: number): string {
  if (start < 0) return '';
  let depth = 0;
  let quoted = false;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (quoted) {
      if (character === '\\') at++;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === '{' || character === '[') depth++;
    else if ((character === '}' || character === ']') && --depth === 0) return text.slice(start, at + 1);
  }
  return '';
}

/** What an OAuth endpoint says, however it came. */
export interface OAuthRefusal {
  error: string;
  description: string;
  /** The finer word some providers add. */
  suberror: string | null;
}

/**
 * An OAuth refusal (RFC 6749 sections 4.1.2.1 and 5.2): as JSON, in the query of a redirect, or in a client's own words
 * ("invalid_grant: expired access/refresh token"). null when the answer is none.
 */
export function oauthRefusal(body: string): OAuthRefusal | null {
  for (const json of objectsWithin(body)) {
    const error = textOf(json['error'] ?? json['errorCode']);
    if (error === null || !/^[\w.-]+$/.test(error)) continue;
    const description = textOf(json['error_description'] ?? json['errorMessage']) ?? '';
    return { error, description, suberror: textOf(json['error_subtype'] ?? json['suberror'] ?? json['subError']) };
  }
  return isPage(body) ? null : (redirectRefusal(body) ?? printedRefusal(body));
}

function redirectRefusal(body: string): OAuthRefusal | null {
  const query = /(?:^|[?#&\s])(error=[^\s"'<]+(?:&[^\n"'<]*)?)/.exec(body)?.[1];
  if (query === undefined || !query.includes('=')) return null;
  const parameters = new URLSearchParams(query);
  const error = parameters.get('error');
  // "Error=AADSTS…: The service principal" is prose, not a query.
  if (error === null || !/^[\w.-]+$/.test(error)) return null;
  const suberror = parameters.get('error_subtype') ?? parameters.get('suberror');
  return { error, description: parameters.get('error_description') ?? '', suberror };
}

const PRINTED =
  /\b(invalid_grant|invalid_client(?:_id)?|invalid_request|invalid_scope|invalid_token|unauthorized_client|unsupported_grant_type|unsupported_response_type|access_denied|interaction_required|login_required|consent_required|redirect_uri_mismatch|(?:deleted|disabled|restricted)_client|org_internal|(?:admin_)?policy_enforced|temporarily_unavailable|server_error)\b[\s:,\-–"']*/;

function printedRefusal(body: string): OAuthRefusal | null {
  const found = PRINTED.exec(body);
  if (found?.[1] === undefined) return null;
  return { error: found[1], description: body.slice(found.index + found[0].length).trim(), suberror: null };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** null for what is no text, or empty. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}
