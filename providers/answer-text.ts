/**
 * The JSON in an answer's text, wherever it is: clients print words around it ("Client error: … {…}"), servers glue an
 * error page behind it. An array of errors gives its first. null when there is none.
 */
export function jsonWithin(text: string): unknown {
  const whole = parseJson(text) ?? parseJson(balancedAt(text, text.search(/[{[]/)));
  return Array.isArray(whole) ? (whole[0] as unknown) : whole;
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
 * An OAuth refusal (RFC 6749 sections 4.1.2.1 and 5.2): as JSON, in the query of a redirect, in a client's own words
 * ("invalid_grant: expired access/refresh token"), or on an error page ("Error 400: redirect_uri_mismatch"). null when
 * the answer is none.
 */
export function oauthRefusal(body: string): OAuthRefusal | null {
  const json = jsonWithin(body);
  if (isObject(json)) {
    const error = textOf(json['error'] ?? json['errorCode']);
    if (error === null || !/^[\w.-]+$/.test(error)) return null;
    const description = textOf(json['error_description'] ?? json['errorMessage']) ?? '';
    return { error, description, suberror: textOf(json['error_subtype'] ?? json['suberror'] ?? json['subError']) };
  }
  return redirectRefusal(body) ?? printedRefusal(body);
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
