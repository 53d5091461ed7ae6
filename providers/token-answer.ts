import { Secret } from '../domain/secret.ts';
import type { ProviderAnswer, Verdict } from '../domain/verdict.ts';
import { ProviderError } from '../domain/verdict.ts';
import { NO_TOKEN_ANSWER, verdict } from '../domain/verdict-builders.ts';
import { isPage, objectsWithin } from './answers/text.ts';
import type { RawAnswer, TokenSet } from './contract.ts';

/**
 * Understands a token endpoint's answer (RFC 6749 section 5), of a refresh, an adoption or a code exchange. It is read
 * leniently: under rotation an answer that is thrown away takes the grant with it, while the first call tells whether a
 * token is none. Throws `ProviderError`: with the provider's own map for a refusal, also one with a status of success; as
 * `transient` for a success that is neither (a captive portal's page must never replace a stored token).
 */
export function readTokenAnswer(
  provider: string,
  answer: RawAnswer,
  classify: (answer: ProviderAnswer) => Verdict,
): TokenSet {
  const body = plainText(answer.body.reveal());
  const isSuccess = answer.status >= 200 && answer.status < 300;
  const told = isSuccess ? fieldsOf(body) : [];
  const tokens = told.find((fields) => textOf(fields, 'access_token') !== null);
  if (tokens) return tokenSet(provider, tokens);
  const isRefusal = told.some((fields) => Boolean(fields.get('error') ?? fields.get('errorcode')));
  if (isSuccess && !isRefusal) throw noTokenAnswer(provider, 'the body holds no access_token');
  const httpStatus = isSuccess ? 400 : answer.status;
  const refusal = classify({ operation: 'refresh', httpStatus, headers: answer.headers, body });
  throw new ProviderError(`${provider} refused a token: ${answer.status} ${refusal.providerCode ?? ''}`, refusal);
}

/** The names are of RFC 6749 and the words are ours: no value of the answer is part of the error. */
function noTokenAnswer(provider: string, why: string): ProviderError {
  const failure = verdict('transient', 'provider_unavailable', { providerCode: NO_TOKEN_ANSWER });
  return new ProviderError(`${provider} answered without a token answer: ${why}`, failure);
}

/** Without the byte order mark, and without the zeros of UTF-16, which was decoded as UTF-8. */
function plainText(text: string): string {
  return text.replace(/^[\ufeff\ufffd]+/, '').replaceAll('\0', '');
}

type Fields = ReadonlyMap<string, unknown>;

/** Some encoders write NaN and Infinity, which are no JSON. */
const NO_NUMBER = /:\s*-?(?:NaN|Infinity)\b/g;

/** The objects of a JSON answer, the outermost first, or the one form; none of a page. */
function fieldsOf(body: string): Fields[] {
  if (isPage(body)) return [];
  const objects = objectsWithin(body.replaceAll(NO_NUMBER, ':null'));
  return objects.length > 0 ? objects.map((object) => byName(Object.entries(object))) : formFields(body);
}

/** A form-encoded answer. A server that leaves `+` as it is means it: no token has a space (RFC 6750 section 2.1). */
function formFields(body: string): Fields[] {
  if (!/^\s*[\w.-]+=/.test(body)) return [];
  const fields = [...new URLSearchParams(body.trim())];
  return [byName(fields.map(([name, value]) => [name, name.endsWith('_token') ? value.replaceAll(' ', '+') : value]))];
}

/** `access_token`, `accessToken` and `Access-Token` are one name. The first of several counts. */
function byName(entries: [string, unknown][]): Fields {
  return new Map(entries.toReversed().map(([name, value]) => [plainName(name), value]));
}

const plainName = (name: string) => name.toLowerCase().replaceAll(/[_-]/g, '');

/** null for what is no text, or blank. */
function textOf(fields: Fields, name: string): string | null {
  const value = fields.get(plainName(name));
  return typeof value === 'string' ? value.trim() || null : null;
}

function tokenSet(provider: string, fields: Fields): TokenSet {
  const accessToken = textOf(fields, 'access_token') ?? '';
  const tokenType = textOf(fields, 'token_type') ?? '';
  if (PROOF_TYPES.test(tokenType)) throw noTokenAnswer(provider, `token_type is ${tokenType.toLowerCase()}`);
  const refreshToken = textOf(fields, 'refresh_token');
  const scope = textOf(fields, 'scope');
  const idToken = textOf(fields, 'id_token');
  return {
    accessToken: new Secret(accessToken),
    tokenType: /^bearer$/i.test(tokenType) ? tokenType : 'Bearer',
    refreshToken: refreshToken === null ? null : new Secret(refreshToken),
    expiresInSeconds: lifeSeconds(fields.get(plainName('expires_in'))),
    // Google's name, while an app is in testing and for access that a person limits in time; others have it as well.
    grantLifeSeconds: lifeSeconds(fields.get(plainName('refresh_token_expires_in'))),
    scopes: scope === null ? null : scope.split(/\s+/),
    idToken: idToken === null ? null : new Secret(idToken),
    context: {},
  };
}

/** Tokens that are of no use without a key (RFC 9449, RFC 8705); every other word is taken for Bearer. */
const PROOF_TYPES = /^(mac|pop|dpop)$/i;

/** `expires_in` comes as a number, as text, or not at all; null for what makes no sense. */
function lifeSeconds(value: unknown): number | null {
  const seconds = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof seconds === 'number' && Number.isFinite(seconds) && seconds >= 1 ? Math.floor(seconds) : null;
}
