import { z } from 'zod';
import type { ImapServer, SubmissionServer } from '../../domain/server.ts';
import { mailServer, submissionServer } from '../mail-server.ts';
import { oauthClient, secretVariable } from '../oauth-client.ts';
import type { OAuthClientConfig } from '../oauth-client.ts';

export interface GoogleConfig {
  client: OAuthClientConfig;
  authorizationUrl: string;
  tokenUrl: string;
  revocationUrl: string;
  userinfoUrl: string;
  gmailApiUrl: string;
  /** Gmail quota units that one mailbox may use in a minute; null = no pacing. */
  unitsPerMinute: number | null;
  /** Where IMAP with OAuth goes. */
  imapServer: ImapServer;
  /** The server that takes the mail of such a mailbox. */
  smtpServer: SubmissionServer;
  /** null: Gmail is polled only. */
  push: GooglePushConfig | null;
  /** null: Google sends no security events. */
  securityEvents: GoogleSecurityEventsConfig | null;
}

/** Google sends security events about accounts to the one receiver of the client's project. */
export interface GoogleSecurityEventsConfig {
  /** The audience of the events. */
  clientId: string;
  configurationUrl: string;
  apiUrl: string;
  /** The key file of the service account that may register a receiver; null: none is registered. */
  serviceAccountFile: string | null;
}

/** Gmail reports news to a Pub/Sub topic, whose subscription pushes it to us with a signed token. */
export interface GooglePushConfig {
  /** `projects/PROJECT/topics/TOPIC` */
  topic: string;
  /** The audience of the pushes' tokens. */
  audience: string;
  /** The service account that the tokens must name; null: any of Google's, so a stranger can cause polls. */
  serviceAccount: string | null;
  /** The address of Google's signing keys. */
  keysUrl: string;
}

const RISC_CONFIGURATION_URL = 'https://accounts.google.com/.well-known/risc-configuration';
const GMAIL_API_URL = 'https://gmail.googleapis.com';
/**
 * Units of one mailbox a minute, for projects made since May 2026
 * (developers.google.com/workspace/gmail/api/reference/quota).
 */
const GMAIL_UNITS_PER_MINUTE = 6_000;

/** Google's own addresses are the defaults. */
export const googleVariables = {
  GOOGLE_CLIENT_ID: z.string().optional(),
  GOOGLE_CLIENT_SECRET: secretVariable.optional(),
  GOOGLE_CLIENT_SECRET_FILE: z.string().optional(),
  GOOGLE_AUTHORIZATION_URL: z.url().default('https://accounts.google.com/o/oauth2/v2/auth'),
  GOOGLE_TOKEN_URL: z.url().default('https://oauth2.googleapis.com/token'),
  GOOGLE_REVOCATION_URL: z.url().default('https://oauth2.googleapis.com/revoke'),
  GOOGLE_USERINFO_URL: z.url().default('https://openidconnect.googleapis.com/v1/userinfo'),
  GMAIL_API_URL: z.url().default(GMAIL_API_URL),
  GOOGLE_IMAP_SERVER: mailServer.default({ host: 'imap.gmail.com', port: 993 }),
  GOOGLE_SMTP_SERVER: mailServer.default({ host: 'smtp.gmail.com', port: 465 }),
  GOOGLE_JWKS_URL: z.url().default('https://www.googleapis.com/oauth2/v3/certs'),
  GOOGLE_PUBSUB_TOPIC: z
    .string()
    .regex(/^projects\/[^/\s]+\/topics\/[^/\s]+$/, 'expected projects/PROJECT/topics/TOPIC')
    .optional(),
  GOOGLE_PUBSUB_AUDIENCE: z.string().min(1).optional(),
  GOOGLE_PUBSUB_SERVICE_ACCOUNT: z.email().optional(),
  GOOGLE_RISC_CONFIGURATION_URL: z.url().optional(),
  GOOGLE_RISC_SERVICE_ACCOUNT_FILE: z.string().min(1).optional(),
  GOOGLE_RISC_API_URL: z.url().default('https://risc.googleapis.com/v1beta'),
};
type Variables = z.infer<z.ZodObject<typeof googleVariables>>;

/** null without a client. */
export function googleConfig(given: Variables, publicUrl: string): GoogleConfig | null {
  const client = oauthClient({
    id: given.GOOGLE_CLIENT_ID,
    secret: given.GOOGLE_CLIENT_SECRET,
    secretFile: given.GOOGLE_CLIENT_SECRET_FILE,
  });
  return (
    client && {
      client,
      authorizationUrl: given.GOOGLE_AUTHORIZATION_URL,
      tokenUrl: given.GOOGLE_TOKEN_URL,
      revocationUrl: given.GOOGLE_REVOCATION_URL,
      userinfoUrl: given.GOOGLE_USERINFO_URL,
      gmailApiUrl: given.GMAIL_API_URL,
      imapServer: { kind: 'imap', ...given.GOOGLE_IMAP_SERVER, security: 'tls' },
      smtpServer: submissionServer(given.GOOGLE_SMTP_SERVER),
      // A stand-in for Gmail has its own quota.
      unitsPerMinute: given.GMAIL_API_URL === GMAIL_API_URL ? GMAIL_UNITS_PER_MINUTE : null,
      push: pushConfig(given, publicUrl),
      securityEvents: securityEventsConfig(given, client.id),
    }
  );
}

/** Off, unless the configuration or the service account is named. */
function securityEventsConfig(given: Variables, clientId: string): GoogleSecurityEventsConfig | null {
  const { GOOGLE_RISC_CONFIGURATION_URL: url, GOOGLE_RISC_SERVICE_ACCOUNT_FILE: file } = given;
  if (url === undefined && file === undefined) return null;
  return {
    clientId,
    configurationUrl: url ?? RISC_CONFIGURATION_URL,
    apiUrl: given.GOOGLE_RISC_API_URL,
    serviceAccountFile: file ?? null,
  };
}

/** The audience of Pub/Sub's tokens is the push address, unless the subscription names another. */
function pushConfig(given: Variables, publicUrl: string): GooglePushConfig | null {
  if (!given.GOOGLE_PUBSUB_TOPIC) return null;
  return {
    topic: given.GOOGLE_PUBSUB_TOPIC,
    audience: given.GOOGLE_PUBSUB_AUDIENCE ?? `${publicUrl}/push/google`,
    serviceAccount: given.GOOGLE_PUBSUB_SERVICE_ACCOUNT ?? null,
    keysUrl: given.GOOGLE_JWKS_URL,
  };
}
