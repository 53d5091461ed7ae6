/** The server that a password is for. Its kind is the protocol it speaks, which only its adapter reads further. */
export type Server = ImapServer | EwsServer;

export interface ImapServer {
  kind: 'imap';
  host: string;
  port: number;
  security: 'tls' | 'starttls';
}

/** Exchange Web Services. */
interface EwsServer {
  kind: 'ews';
  url: string;
  /** How the password is presented; absent: as the server prefers. */
  authentication?: 'basic' | undefined;
}

/** The server that sends a channel's mail (message submission, RFC 6409). */
export interface SubmissionServer {
  host: string;
  port: number;
  security: 'tls' | 'starttls';
}

/** As it may be stored: earlier releases knew IMAP alone, and wrote no kind. */
export type StoredServer = Server | Omit<ImapServer, 'kind'>;

export function readServer(stored: StoredServer): Server {
  return 'kind' in stored ? stored : { kind: 'imap', ...stored };
}

/** A host in the form that is compared: DNS knows no case, and a trailing dot only ends the name. */
export function normalHost(host: string): string {
  return host.trim().toLowerCase().replace(/\.$/, '');
}

/**
 * A server as it is part of an account: its host, and its port unless that is one of the protocol's `usualPorts`. How it
 * is encrypted may change, and so may the path of its service.
 */
export function serverKeyOf(server: Server, usualPorts: readonly number[]): string {
  const host = bracketed(normalHost(hostOf(server)));
  const port = portOf(server);
  return usualPorts.includes(port) ? host : `${host}:${port}`;
}

/** As a sentence names it: two servers that differ have different names. */
export function nameOfServer(server: Server): string {
  return `${bracketed(normalHost(hostOf(server)))}:${portOf(server)}`;
}

export function hostOf(server: Server): string {
  return server.kind === 'ews' ? new URL(server.url).hostname : server.host;
}

function portOf(server: Server): number {
  if (server.kind !== 'ews') return server.port;
  const { port, protocol } = new URL(server.url);
  return port ? Number(port) : protocol === 'http:' ? 80 : 443;
}

/** Without brackets the end of an IPv6 address could pass for a port. */
const bracketed = (host: string) => (host.includes(':') && !host.startsWith('[') ? `[${host}]` : host);
