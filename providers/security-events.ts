import type { SecurityEventKind } from '../domain/security/security-event.ts';
import type { Secret } from '../domain/secret.ts';

/**
 * What an authorization server tells, signed, of accounts and grants at the moment when something happens to them (RFC
 * 8417, RFC 8935). A capability of an `OAuthAdapter`.
 */
export interface SecurityEvents {
  /** Reads a request that claims to bring a security event token, and proves where it comes from. */
  receive(request: { body: Uint8Array; now: Date }): Promise<SecurityEventReceipt>;
  /** The names by which the server may speak of a refresh token; each says something about the token. */
  identifiersOf(refreshToken: Secret): string[];
  /** Where the server is asked to tell; null: no key of ours may ask. */
  stream: SecurityEventStream | null;
}

export type SecurityEventReceipt =
  /** `issuedAt`: by the server's clock, at most now by ours. */
  | { outcome: 'told'; tokenId: string; issuedAt: Date; events: ToldEvent[] }
  /** It tries whether we are there, as it was asked to. */
  | { outcome: 'verified'; state: string | null }
  /** Not from the server, not meant for us, or no security event token. */
  | { outcome: 'refused'; error: SecurityEventError; why: string }
  /** The server's keys cannot be fetched: the token must be sent again. */
  | { outcome: 'unverifiable' };

/** RFC 8935 section 2.4. */
export const SECURITY_EVENT_ERRORS = [
  'invalid_request',
  'invalid_key',
  'invalid_issuer',
  'invalid_audience',
  'authentication_failed',
  'access_denied',
] as const;
export type SecurityEventError = (typeof SECURITY_EVENT_ERRORS)[number];

export interface ToldEvent {
  kind: SecurityEventKind;
  /** Why, in the server's own word; null: it does not say. */
  detail: string | null;
  /** The login, as `account.provider_id` names it, or the refresh token by one of its names. */
  about: { providerId: string } | { tokenIdentifier: string };
}

/** The server's one list of what it tells, and where to. */
export interface SecurityEventStream {
  /** Where it tells now; null: nowhere. */
  receiver(): Promise<string | null>;
  /** Has it tell `url` of everything that `receive` understands, in place of another receiver. */
  register(url: string): Promise<void>;
  /** Has it send a token that carries `state`. */
  verify(state: string): Promise<void>;
}
