import type { ConnectSession, PasswordRequest } from '../../api/schemas/connect.ts';
import type { AccessType } from '../../domain/access-type.ts';

/** What the password form holds; an empty server field is left to the server to discover. */
export interface PasswordEntry {
  username: string;
  password: string;
  host: string;
  port: string;
  security: 'tls' | 'starttls' | '';
  url: string;
  /** How an Exchange server is given the password; empty: as it prefers. */
  authentication: 'basic' | '';
  /** Where mail is sent. */
  smtpHost: string;
  smtpPort: string;
  smtpSecurity: 'tls' | 'starttls' | '';
}

export type ServerEntry = Omit<PasswordEntry, 'username' | 'password'>;

export const NO_SERVER: ServerEntry = {
  host: '',
  port: '',
  security: '',
  url: '',
  authentication: '',
  smtpHost: '',
  smtpPort: '',
  smtpSecurity: '',
};

type ServerShown = NonNullable<NonNullable<ConnectSession['channel']>['server']>;

/** The server a channel has, as the form shows it; nothing of it where the API does not tell. */
export function serverEntry(server: ServerShown | null | undefined): Partial<ServerEntry> {
  if (!server) return {};
  if ('url' in server) return { url: server.url, authentication: server.authentication ?? '' };
  return { host: server.host, port: String(server.port), security: server.security };
}

type SmtpShown = NonNullable<ConnectSession['channel']>['smtp'];

/** The same of the server that sends. */
export function smtpEntry(smtp: SmtpShown | undefined): Partial<ServerEntry> {
  return smtp ? { smtpHost: smtp.host, smtpPort: String(smtp.port), smtpSecurity: smtp.security } : {};
}

/** Encrypted as its port says, and at the port for its encryption: the API asks for both. */
function smtpOf({ smtpHost, smtpPort, smtpSecurity }: ServerEntry): PasswordRequest['smtp'] {
  const security = smtpSecurity || (smtpPort.trim() === '587' ? 'starttls' : 'tls');
  const port = smtpPort.trim() ? Number(smtpPort) : security === 'tls' ? 465 : 587;
  return { host: smtpHost.trim(), port, security };
}

/**
 * The body of `POST /connect/:link/password`: a field that is left empty, or that the form does not ask for, is not in it.
 * An entry may hold both kinds of server: the browser remembers servers by the domain of the address alone.
 */
export function passwordBody(accessType: AccessType, asks: 'host' | 'url', entry: PasswordEntry): PasswordRequest {
  const body = { access_type: accessType, username: entry.username.trim(), password: entry.password };
  if (asks === 'url') {
    return {
      ...body,
      ...(entry.url.trim() && { url: entry.url.trim() }),
      ...(entry.authentication && { authentication: entry.authentication }),
    };
  }
  return {
    ...body,
    ...(entry.host.trim() && { host: entry.host.trim() }),
    ...(entry.port.trim() && { port: Number(entry.port) }),
    ...(entry.security && { security: entry.security }),
    ...(entry.smtpHost.trim() && { smtp: smtpOf(entry) }),
  };
}
