import type { ImapServer, SubmissionServer } from '../../domain/server.ts';
import type { Http } from '../../net/http.ts';

/** A person waits in front of the form. */
const TIMEOUT_MS = 3_000;
const SECURITY = { ssl: 'tls', starttls: 'starttls' } as const;

/** The servers that a directory lists for an address; null where it lists no encrypted one. */
export interface ListedServers {
  imap: ImapServer | null;
  smtp: SubmissionServer | null;
}

const NOTHING_LISTED: ListedServers = { imap: null, smtp: null };

/**
 * The servers that a directory of mail settings lists for an address (draft-ietf-mailmaint-autoconfig). None when it does
 * not answer: the directory is a convenience, and the address still leads to a server.
 */
export async function askAutoconfig(
  { http, url }: { http: Http; url: URL },
  email: string,
  signal: AbortSignal,
): Promise<ListedServers> {
  const asked = new URL(url);
  asked.searchParams.set('emailaddress', email);
  const answer = await http
    .send({ method: 'GET', url: asked, operation: 'login', signal, timeoutMs: TIMEOUT_MS, maxBytes: 65_536 })
    .catch(() => null);
  if (answer?.status !== 200) return NOTHING_LISTED;
  const imap = firstEncrypted(answer.body, 'incomingServer', 'imap');
  return { imap: imap && { kind: 'imap', ...imap }, smtp: firstEncrypted(answer.body, 'outgoingServer', 'smtp') };
}

/** The first such server of a `<clientConfig>` that is encrypted. */
function firstEncrypted(xml: string, tag: string, type: string): SubmissionServer | null {
  for (const [, inside = ''] of xml.matchAll(new RegExp(`<${tag}\\s+type="${type}"[^>]*>(.*?)</${tag}>`, 'gis'))) {
    const element = (name: string) => new RegExp(`<${name}>\\s*([^<\\s]+)\\s*</${name}>`, 'i').exec(inside)?.[1] ?? '';
    const host = element('hostname');
    const port = Number(element('port'));
    const security = SECURITY[element('socketType').toLowerCase() as keyof typeof SECURITY];
    if (/^[a-z0-9.:-]+$/i.test(host) && Number.isInteger(port) && port > 0 && port < 65_536 && security) {
      return { host, port, security };
    }
  }
  return null;
}
