import { z } from 'zod';
import type { ImapServer, SubmissionServer } from '../../domain/server.ts';
import { mailServer, submissionServer } from '../mail-server.ts';
import { oauthClient, secretVariable } from '../oauth-client.ts';
import type { OAuthClientConfig } from '../oauth-client.ts';

export interface MicrosoftConfig {
  client: OAuthClientConfig;
  /** Entra's address, without a tenant and without a slash at its end. */
  authorityUrl: string;
  /** Graph's address with its version, without a slash at its end. */
  graphUrl: string;
  /** Where Graph posts notifications, `/push/microsoft` of this Mooring. */
  notificationUrl: string;
  /** Where IMAP with OAuth goes. */
  imapServer: ImapServer;
  /** The server that takes the mail of such a mailbox. */
  smtpServer: SubmissionServer;
  /** Requests that one mailbox may get in a minute; null = no pacing. */
  requestsPerMinute: number | null;
}

const GRAPH_API_URL = 'https://graph.microsoft.com/v1.0';
/** 10,000 requests in 10 minutes per app and mailbox (learn.microsoft.com/graph/throttling-limits). */
const REQUESTS_PER_MINUTE = 1_000;

const address = z.url().transform((url) => url.replace(/\/$/, ''));

/** Microsoft's own addresses are the defaults; national clouds have others. */
export const microsoftVariables = {
  MICROSOFT_CLIENT_ID: z.string().optional(),
  MICROSOFT_CLIENT_SECRET: secretVariable.optional(),
  MICROSOFT_CLIENT_SECRET_FILE: z.string().optional(),
  MICROSOFT_CLIENT_CERTIFICATE_FILE: z.string().optional(),
  MICROSOFT_AUTHORITY_URL: address.default('https://login.microsoftonline.com'),
  GRAPH_API_URL: address.default(GRAPH_API_URL),
  MICROSOFT_IMAP_SERVER: mailServer.default({ host: 'outlook.office365.com', port: 993 }),
  MICROSOFT_SMTP_SERVER: mailServer.default({ host: 'smtp.office365.com', port: 587 }),
};

/** null without a client. A certificate goes before a secret. */
export function microsoftConfig(
  given: z.infer<z.ZodObject<typeof microsoftVariables>>,
  publicUrl: string,
): MicrosoftConfig | null {
  const client = oauthClient({
    id: given.MICROSOFT_CLIENT_ID,
    secret: given.MICROSOFT_CLIENT_SECRET,
    secretFile: given.MICROSOFT_CLIENT_SECRET_FILE,
    certificateFile: given.MICROSOFT_CLIENT_CERTIFICATE_FILE,
  });
  return (
    client && {
      client,
      authorityUrl: given.MICROSOFT_AUTHORITY_URL,
      graphUrl: given.GRAPH_API_URL,
      imapServer: { kind: 'imap', ...given.MICROSOFT_IMAP_SERVER, security: 'tls' },
      smtpServer: submissionServer(given.MICROSOFT_SMTP_SERVER),
      notificationUrl: `${publicUrl}/push/microsoft`,
      // A stand-in for Graph has its own quota.
      requestsPerMinute: given.GRAPH_API_URL === GRAPH_API_URL ? REQUESTS_PER_MINUTE : null,
    }
  );
}
