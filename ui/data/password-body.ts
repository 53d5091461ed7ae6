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
  smtpHost: '',
  smtpPort: '',
  smtpSecurity: '',
};

type ServerShown = NonNullable<NonNullable<ConnectSession['channel']>['server']>;

/** The server a channel has, as the form shows it; nothing of it where the API does not tell. */
export function serverEntry(server: ServerShown | null | undefined): Partial<ServerEntry> {
  if (!server) return {};
  if ('url' in server) return { url: server.url };
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

/** The body of `POST /connect/:link/password`: a field left empty is not in it. */
export function passwordBody(accessType: AccessType, entry: PasswordEntry): PasswordRequest {
  const body = { access_type: accessType, username: entry.username.trim(), password: entry.password };
  return {
    ...body,
    ...(entry.host.trim() && { host: entry.host.trim() }),
    ...(entry.port.trim() && { port: Number(entry.port) }),
    ...(entry.security && { security: entry.security }),
    ...(entry.url.trim() && { url: entry.url.trim() }),
    ...(entry.smtpHost.trim() && { smtp: smtpOf(entry) }),
  };
}
