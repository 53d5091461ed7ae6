import type { ImapServer, SubmissionServer } from '../../../domain/server.ts';
import { hasAddress } from '../../../net/resolve.ts';

/** The submission servers of large providers by their IMAP servers, where one name does not lead to the other. */
const KNOWN: Record<string, SubmissionServer> = {
  'outlook.office365.com': { host: 'smtp.office365.com', port: 587, security: 'starttls' },
  'imap.mail.me.com': { host: 'smtp.mail.me.com', port: 587, security: 'starttls' },
  'imap.gmx.net': { host: 'mail.gmx.net', port: 465, security: 'tls' },
  'imap.gmx.com': { host: 'mail.gmx.com', port: 465, security: 'tls' },
  'secureimap.t-online.de': { host: 'securesmtp.t-online.de', port: 465, security: 'tls' },
};

/**
 * The server that takes the mail of a mailbox at `server`: a known provider's, else `smtp.` in place of `imap.`, else the
 * same host, with the same encryption at its usual port. Discovery connects to nothing; null where the name has no address.
 */
export async function discoverSubmissionServer({ host, security }: ImapServer): Promise<SubmissionServer | null> {
  const known = KNOWN[host];
  if (known !== undefined) return known;
  const port = security === 'tls' ? 465 : 587;
  for (const name of new Set([host.replace(/^imap\./, 'smtp.'), host])) {
    if (await hasAddress(name)) return { host: name, port, security };
  }
  return null;
}
