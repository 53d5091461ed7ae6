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
}

/** As it may be stored: earlier releases knew IMAP alone, and wrote no kind. */
export type StoredServer = Server | Omit<ImapServer, 'kind'>;

export function readServer(stored: StoredServer): Server {
  return 'kind' in stored ? stored : { kind: 'imap', ...stored };
}

/** How it is encrypted may change; the host's case means nothing. */
export function isSameServer(one: Server, other: Server): boolean {
  return placeOf(one) === placeOf(other);
}

function placeOf(server: Server): string {
  return server.kind === 'ews' ? new URL(server.url).href : `${server.host.toLowerCase()}:${server.port}`;
}

export function hostOf(server: Server): string {
  return server.kind === 'ews' ? new URL(server.url).hostname : server.host;
}
