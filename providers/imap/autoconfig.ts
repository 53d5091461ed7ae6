import type { ImapServer } from '../../domain/server.ts';
import type { Http } from '../../net/http.ts';

/** A person waits in front of the form. */
const TIMEOUT_MS = 3_000;
const SECURITY = { ssl: 'tls', starttls: 'starttls' } as const;

/**
 * The IMAP server that a directory of mail settings lists for an address (draft-ietf-mailmaint-autoconfig). null when it
 * lists none, or does not answer: the directory is a convenience, and the address still leads to a server.
 */
export async function askAutoconfig(
  { http, url }: { http: Http; url: URL },
  email: string,
  signal: AbortSignal,
): Promise<ImapServer | null> {
  const asked = new URL(url);
  asked.searchParams.set('emailaddress', email);
  const answer = await http
    .send({ method: 'GET', url: asked, operation: 'login', signal, timeoutMs: TIMEOUT_MS, maxBytes: 65_536 })
    .catch(() => null);
  return answer?.status === 200 ? readClientConfig(answer.body) : null;
}

/** The first IMAP server of a `<clientConfig>` that is encrypted. */
function readClientConfig(xml: string): ImapServer | null {
  for (const [, inside = ''] of xml.matchAll(/<incomingServer\s+type="imap"[^>]*>(.*?)<\/incomingServer>/gis)) {
    const element = (name: string) => new RegExp(`<${name}>\\s*([^<\\s]+)\\s*</${name}>`, 'i').exec(inside)?.[1] ?? '';
    const host = element('hostname');
    const port = Number(element('port'));
    const security = SECURITY[element('socketType').toLowerCase() as keyof typeof SECURITY];
    if (/^[a-z0-9.:-]+$/i.test(host) && Number.isInteger(port) && port > 0 && port < 65_536 && security) {
      return { kind: 'imap', host, port, security };
    }
  }
  return null;
}
