import type { SecurityEventKind } from '../domain/security/security-event.ts';
import type { Secret } from '../domain/secret.ts';

/**
 * Signed events of an authorization server about accounts and grants, sent at the moment when something happens to them
 * (RFC 8417, RFC 8935). A capability of an `OAuthAdapter`.
 */
export interface SecurityEvents {
  /** Reads a request that claims to bring a security event token, and proves where it comes from. */
  receive(request: { body: Uint8Array; now: Date }): Promise<SecurityEventReceipt>;
  /** The names by which the server may speak of a refresh token. Each reveals something of the token: store none as it is. */
  identifiersOf(refreshToken: Secret): string[];
  /** The registration of the receiver; null: no key may change it. */
  stream: SecurityEventStream | null;
}

export type SecurityEventReceipt =
  /** `issuedAt`: by the server's clock, at most now by ours. */
  | { outcome: 'told'; tokenId: string; issuedAt: Date; events: ToldEvent[] }
  /** The answer to `verify`: the server tests the receiver. */
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
  /** The reason in the server's own word; null: the server gives none. */
  detail: string | null;
  /** The login, as `account.provider_id` names it, or the refresh token by one of its names. */
  about: { providerId: string } | { tokenIdentifier: string };
}

/** The server's one configuration of its events and of the receiver. */
export interface SecurityEventStream {
  /** The registered receiver; null: none. */
  receiver(): Promise<string | null>;
  /** Registers `url` for all events that `receive` understands, in place of another receiver. */
  register(url: string): Promise<void>;
  /** Asks the server for a token that carries `state`. */
  verify(state: string): Promise<void>;
}
