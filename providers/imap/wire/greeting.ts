import { connect as connectPlain, isIP } from 'node:net';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { verdict } from '../../../domain/verdict-builders.ts';
import { ProviderError } from '../../../domain/verdict.ts';
import type { ImapServer } from '../../../domain/server.ts';
import { withAuthorities } from '../../../net/certificates.ts';
import { IMAP_PORTS } from '../../../net/egress.ts';
import type { EgressGuard } from '../../../net/egress.ts';

/** A server that has sent nothing for so long is looked at more closely, while it is waited for, in ms. */
const SILENCE_MS = 3_000;
/** When a probe says something by itself, and when it ends. Some protocols greet, others wait for the client. */
const NUDGE_AFTER_MS = 700;
const PROBE_MS = 2_000;
/** In IMAP a question, in any other protocol a mistake that is answered. Nothing of it is secret. */
const NUDGE = 'a CAPABILITY\r\n\r\n';

/** What a server's first bytes show. */
const FIRST_BYTES: readonly (readonly [RegExp, string])[] = [
  [/^\*/, 'IMAP'],
  [/^HTTP\/|^<(?:!doctype|html)/i, 'HTTP'],
  [/^\+OK|^-ERR/, 'POP3'],
  [/^220[ -][^\n]*FTP/i, 'FTP'],
  [/^(?:220|421|5\d\d)[ -]/, 'SMTP'],
  [/^20[01][ -]/, 'NNTP'],
  [/^SSH-/, 'SSH'],
  [/^"IMPLEMENTATION"/i, 'ManageSieve'],
];

export interface ProbedServer {
  server: ImapServer;
  egress: EgressGuard;
  certificateAuthorities: string | null;
}

/**
 * Throws `ProviderError` when the server's first bytes are another protocol's, or when a server that stays silent turns
 * out to speak another protocol, or IMAP with the other kind of encryption. Never returns; ends with the signal.
 */
export async function watchGreeting(socket: Socket, probed: ProbedServer, signal: AbortSignal): Promise<never> {
  const greeted = firstBytes(socket);
  const first = await Promise.race([greeted, sleep(SILENCE_MS, null, { signal })]);
  if (first === null) {
    const found = await findMismatch(probed);
    if (found) throw found;
  }
  const protocol = protocolOf(first ?? (await greeted));
  if (protocol === 'TLS') throw wrongSecurity(probed.server);
  if (protocol !== 'IMAP') throw wrongProtocol(probed.server, protocol);
  return await new Promise<never>(() => {});
}

/** What stands at the server in place of the IMAP that was asked for; null: nothing that can be named. */
export async function findMismatch(probed: ProbedServer): Promise<ProviderError | null> {
  const { server } = probed;
  const [plain, secure] = await Promise.all([probe(probed, false), probe(probed, true)]);
  const other = [plain.protocol, secure.protocol].find((protocol) => protocol && !['IMAP', 'TLS'].includes(protocol));
  if (other) return wrongProtocol(server, other);
  if (server.security === 'tls') return plain.protocol === 'IMAP' ? wrongSecurity(server) : null;
  return secure.isSecure || plain.protocol === 'TLS' ? wrongSecurity(server) : null;
}

function wrongProtocol({ host, port }: ImapServer, protocol: string | null): ProviderError {
  const seems = protocol === null ? 'does not speak IMAP' : `seems to speak ${protocol}, not IMAP`;
  return new ProviderError(
    `${host}:${port} ${seems}`,
    verdict('transient', 'network', { providerCode: 'wrong_protocol' }),
  );
}

function wrongSecurity({ host, port, security }: ImapServer): ProviderError {
  const seems =
    security === 'tls'
      ? 'speaks IMAP without TLS; starttls may be right'
      : 'speaks TLS from the first byte; tls is right';
  return new ProviderError(
    `${host}:${port} ${seems}`,
    verdict('transient', 'network', { providerCode: 'wrong_security' }),
  );
}

/** null: unknown. */
function protocolOf(bytes: Buffer | null): string | null {
  const text = (bytes ?? Buffer.alloc(0)).toString('latin1').replace(/^[\0\s]+/, '');
  // A record of TLS: its type, and the first half of its version (RFC 8446 section 5.1).
  if (text.charCodeAt(0) >= 0x14 && text.charCodeAt(0) <= 0x17 && text.charCodeAt(1) === 3) return 'TLS';
  return FIRST_BYTES.find(([pattern]) => pattern.test(text))?.[1] ?? null;
}

/** As many as tell something. Does not end where the server sends fewer. */
async function firstBytes(socket: Socket): Promise<Buffer> {
  return new Promise((resolve) => {
    let received = Buffer.alloc(0);
    const take = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const text = received.toString('latin1').replace(/^[\0\s]+/, '');
      if (text === '' || (text.length < 4 && !text.includes('\n') && !text.startsWith('*'))) return;
      socket.off('data', take);
      resolve(received);
    };
    socket.on('data', take);
  });
}

interface Probe {
  protocol: string | null;
  /** It speaks TLS, with any certificate. */
  isSecure: boolean;
}

/** A connection of its own, which sends nothing secret. */
async function probe({ server, egress, certificateAuthorities }: ProbedServer, secure: boolean): Promise<Probe> {
  const { host, port } = server;
  const passage = egress.admit(host, port, IMAP_PORTS);
  const ca = withAuthorities(certificateAuthorities);
  const options = { host, port, lookup: passage.lookup };
  const socket = secure
    ? connectTls({ ...options, ...(isIP(host) ? {} : { servername: host }), ...(ca ? { ca } : {}) })
    : connectPlain(options);
  socket.once('connect', () => passage.verify(socket));
  let isSecure = false;
  socket.once('secureConnect', () => (isSecure = true));
  const ended = new Promise<null>((resolve) => {
    socket.once('close', () => resolve(null));
    socket.once('error', (error: NodeJS.ErrnoException) => (isSecure ||= /CERT|ALTNAME|VERIFY/.test(error.code ?? '')));
  });
  const nudge = setTimeout(() => socket.writable && socket.write(NUDGE), NUDGE_AFTER_MS);
  const bytes = await Promise.race([firstBytes(socket), ended, sleep(PROBE_MS, null, { ref: false })]);
  clearTimeout(nudge);
  socket.destroy();
  return { protocol: bytes && protocolOf(bytes), isSecure };
}
