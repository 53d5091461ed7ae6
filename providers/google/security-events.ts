import { createHash } from 'node:crypto';
import { errors, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import type { SecurityEventKind } from '../../domain/security/security-event.ts';
import type { Http } from '../../net/http.ts';
import { fetchedKeys, isMissingKeys } from '../answers/signing-keys.ts';
import { parseJson } from '../answers/text.ts';
import type { SecurityEventReceipt, SecurityEvents, ToldEvent } from '../security-events.ts';
import type { GoogleSecurityEventsConfig } from './configuration.ts';
import { createRiscStream } from './risc-stream.ts';
import { riscConfiguration, securityEventClaims, tokenSubject } from './schema.ts';

/** A token of Google's is about 1 KiB. */
const TOKEN_BYTES = 16 * 1024;
/** RFC 8417 section 2.3; some issuers name no type, or the general one. */
const TYPES = new Set(['secevent+jwt', 'application/secevent+jwt', 'jwt']);
/** The life of Google's configuration here, in ms. */
const CONFIGURATION_LIFE_MS = 24 * 3_600_000;
/** The gap in ms between failed fetches of the configuration or the keys: strangers' posts must cause no storm of them. */
const FETCH_GAP_MS = 5_000;
const FETCH_TIMEOUT_MS = 5_000;

const RISC = 'https://schemas.openid.net/secevent/risc/event-type/';
const OAUTH = 'https://schemas.openid.net/secevent/oauth/event-type/';
const VERIFICATION = `${RISC}verification`;
const KINDS: Readonly<Record<string, SecurityEventKind>> = {
  [`${OAUTH}tokens-revoked`]: 'tokens_revoked',
  [`${OAUTH}token-revoked`]: 'token_revoked',
  [`${RISC}sessions-revoked`]: 'sessions_revoked',
  [`${RISC}account-credential-change-required`]: 'credential_change_required',
  [`${RISC}account-disabled`]: 'account_disabled',
  [`${RISC}account-enabled`]: 'account_enabled',
};
const EVENT_TYPES = [...Object.keys(KINDS), VERIFICATION];

/** Google's Cross-Account Protection (developers.google.com/identity/protocols/risc). */
export function createGoogleSecurityEvents(config: GoogleSecurityEventsConfig, http: Http): SecurityEvents {
  const issuer = issuerAt(config.configurationUrl, http);
  const { serviceAccountFile: file, apiUrl } = config;
  return {
    receive: (request) => receive(config, issuer, request),
    identifiersOf: (token) => [identifier('prefix', token.reveal().slice(0, 16)), doubleHash(token.reveal())],
    stream:
      file === null ? null : createRiscStream({ apiUrl, serviceAccountFile: file, eventTypes: EVENT_TYPES }, http),
  };
}

interface Issuer {
  issuer: string;
  keys: JWTVerifyGetKey;
}

/**
 * Google's issuer and keys, fetched on demand; an earlier configuration counts until the next has come.
 */
function issuerAt(url: string, http: Http): () => Promise<Issuer> {
  let known: Promise<Issuer> | null = null;
  let asked: Promise<Issuer> | null = null;
  let askAgainAt = 0;
  return () => {
    if (asked === null || askAgainAt <= performance.now()) {
      askAgainAt = performance.now() + CONFIGURATION_LIFE_MS;
      const asking = fetchIssuer(url, http);
      asked = asking;
      asking.then(
        () => (known = asking),
        () => (askAgainAt = performance.now() + FETCH_GAP_MS),
      );
    }
    return known ?? asked;
  };
}

async function fetchIssuer(url: string, http: Http): Promise<Issuer> {
  const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS);
  const answer = await http.send({ method: 'GET', url: new URL(url), operation: 'api', signal });
  const { issuer, jwks_uri: keysUrl } = riscConfiguration.parse(parseJson(answer.body));
  return { issuer, keys: withGaps(fetchedKeys(http, keysUrl)) };
}

/** Keys whose failed fetch counts for a while: `jose` would fetch again at once. */
function withGaps(keys: JWTVerifyGetKey): JWTVerifyGetKey {
  let failure: { error: unknown; until: number } | null = null;
  return async (header, token) => {
    if (failure && performance.now() < failure.until) throw failure.error;
    try {
      return await keys(header, token);
    } catch (error) {
      if (isMissingKeys(error)) failure = { error, until: performance.now() + FETCH_GAP_MS };
      throw error;
    }
  };
}

async function receive(
  { clientId }: GoogleSecurityEventsConfig,
  issuerOf: () => Promise<Issuer>,
  { body, now }: { body: Uint8Array; now: Date },
): Promise<SecurityEventReceipt> {
  if (body.length > TOKEN_BYTES) return refused('invalid_request', 'The token is too large');
  const token = Buffer.from(body).toString('utf8').trim();
  const header = headerOf(token);
  if (header === null) return refused('invalid_request', 'The body is no signed JWT');
  if (!TYPES.has(typeOf(header))) return refused('invalid_request', 'The type of the token is not secevent+jwt');
  const found = await issuerOf().catch(() => null);
  if (found === null) return { outcome: 'unverifiable' };
  try {
    const { payload } = await jwtVerify(token, found.keys, {
      algorithms: ['RS256'],
      // The configuration has a slash at its end.
      issuer: [found.issuer, found.issuer.replace(/\/$/, '')],
      audience: [clientId],
      requiredClaims: ['jti', 'iat', 'events'],
      currentDate: now,
    });
    return understand(payload, now);
  } catch (error) {
    return failureOf(error);
  }
}

/** The header before it is trusted: which token it is must be known before a key is looked for. */
function headerOf(token: string): Record<string, unknown> | null {
  const [first, ...rest] = token.split('.');
  if (rest.length !== 2) return null;
  const header = parseJson(Buffer.from(first ?? '', 'base64url').toString('utf8'));
  return typeof header === 'object' && header !== null ? { ...header } : null;
}

const typeOf = ({ typ = 'JWT' }: Record<string, unknown>) => (typeof typ === 'string' ? typ.toLowerCase() : '');

function failureOf(error: unknown): SecurityEventReceipt {
  if (isMissingKeys(error)) return { outcome: 'unverifiable' };
  if (error instanceof errors.JWTClaimValidationFailed || error instanceof errors.JWTExpired) {
    if (error.claim === 'iss') return refused('invalid_issuer', 'The token is of another issuer');
    if (error.claim === 'aud') return refused('invalid_audience', 'The token is made out to another client');
    return refused('invalid_request', `The claim ${error.claim} is missing or wrong`);
  }
  if (error instanceof errors.JWKSNoMatchingKey) return refused('invalid_key', 'No key of the issuer has this id');
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return refused('authentication_failed', 'The signature is wrong');
  if (error instanceof errors.JOSEAlgNotAllowed) return refused('invalid_key', 'The token is not signed with RS256');
  if (error instanceof errors.JOSEError) return refused('invalid_request', 'The body is no signed JWT');
  throw error;
}

const refused = (
  error: Extract<SecurityEventReceipt, { outcome: 'refused' }>['error'],
  why: string,
): SecurityEventReceipt => ({ outcome: 'refused', error, why });

/** Reads verified claims. Unknown events and subjects are acknowledged: Google would send refused ones again. */
function understand(payload: JWTPayload, now: Date): SecurityEventReceipt {
  const claims = securityEventClaims.safeParse(payload);
  if (!claims.success) return refused('invalid_request', 'The claims jti and events are not as RFC 8417 has them');
  const { jti: tokenId, events } = claims.data;
  const verification = events[VERIFICATION];
  if (verification) return { outcome: 'verified', state: verification.state ?? null };
  const told = Object.entries(events).flatMap(([type, event]): ToldEvent[] => {
    const kind = KINDS[type];
    const about = kind && subjectOf(kind, event);
    return about ? [{ kind, detail: event.reason ?? null, about }] : [];
  });
  const issuedMs = Math.max(0, Math.min((payload.iat ?? 0) * 1_000, now.getTime()));
  return { outcome: 'told', tokenId, issuedAt: new Date(issuedMs), events: told };
}

function subjectOf(kind: SecurityEventKind, { subject }: { subject?: unknown }): ToldEvent['about'] | null {
  const parsed = tokenSubject.safeParse(subject);
  if (!parsed.success) return null;
  const { sub, token, token_identifier_alg: algorithm } = parsed.data;
  if (kind !== 'token_revoked') return sub === undefined ? null : { providerId: sub };
  return token === undefined || algorithm === undefined ? null : { tokenIdentifier: identifier(algorithm, token) };
}

const HASH = 'hash_base64_sha512_sha512';

function doubleHash(token: string): string {
  const once = createHash('sha512').update(token).digest();
  return identifier(HASH, createHash('sha512').update(once).digest('base64'));
}

/** Base64 is compared without padding, in the alphabet of URLs. */
function identifier(algorithm: string, value: string): string {
  const plain = algorithm === HASH ? Buffer.from(value, 'base64').toString('base64url') : value;
  return `${algorithm}:${plain}`;
}
