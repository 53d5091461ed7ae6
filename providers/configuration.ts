import type { Secret } from '../domain/secret.ts';
import type { EgressConfig } from '../net/egress.ts';

/**
 * What the adapters need to know about the world, as plain values; config.ts fills it. An access type whose part is
 * null is not offered.
 */
export interface ProviderConfig {
  google: GoogleConfig | null;
  /** IMAP servers are named by the person who connects; there is nothing to configure but whether it is offered. */
  imap: ImapConfig | null;
  egress: EgressConfig;
  /** PEM of further certificate authorities for such servers, beside the system's; null without any. */
  certificateAuthorities: string | null;
}

export interface GoogleConfig {
  client: OAuthClientConfig;
  /** `https://accounts.google.com/o/oauth2/v2/auth` */
  authorizationUrl: string;
  /** `https://oauth2.googleapis.com/token` */
  tokenUrl: string;
  /** `https://oauth2.googleapis.com/revoke` */
  revocationUrl: string;
  /** `https://openidconnect.googleapis.com/v1/userinfo` */
  userinfoUrl: string;
  /** `https://gmail.googleapis.com` */
  gmailApiUrl: string;
  /** Gmail quota units that one mailbox may use in a minute (6,000 since May 2026); null = no pacing. */
  unitsPerMinute: number | null;
  /** null: Gmail is polled only. */
  push: GooglePushConfig | null;
}

/** Gmail tells of news through a Pub/Sub topic, whose subscription pushes to us with a signed token. */
export interface GooglePushConfig {
  /** `projects/PROJECT/topics/TOPIC` */
  topic: string;
  /** What the tokens of the pushes are made out to. */
  audience: string;
  /** Whose tokens they are; null: anybody's whom Google knows, which lets others cause polls. */
  serviceAccount: string | null;
  /** Where Google shows the keys it signs with: `https://www.googleapis.com/oauth2/v3/certs` */
  keysUrl: string;
}

export interface OAuthClientConfig {
  id: string;
  /** Read at every token request, so that a rotated `*_CLIENT_SECRET_FILE` counts at once. */
  secret: () => Promise<Secret>;
}

export interface ImapConfig {
  /** How long a silent server is waited for, in milliseconds; null = 30 s to connect, 60 s in a session. */
  timeoutMs: number | null;
}

/** Google's own addresses, to be replaced one by one by `GOOGLE_*_URL`. */
export const GOOGLE_URLS = {
  authorizationUrl: 'https://accounts.google.com/o/oauth2/v2/auth',
  tokenUrl: 'https://oauth2.googleapis.com/token',
  revocationUrl: 'https://oauth2.googleapis.com/revoke',
  userinfoUrl: 'https://openidconnect.googleapis.com/v1/userinfo',
  gmailApiUrl: 'https://gmail.googleapis.com',
  keysUrl: 'https://www.googleapis.com/oauth2/v3/certs',
} as const;

/** Units of one mailbox a minute, for projects made since May 2026 (developers.google.com/workspace/gmail/api/reference/quota). */
export const GMAIL_UNITS_PER_MINUTE = 6_000;
