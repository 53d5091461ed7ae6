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
}

export type ServerEntry = Pick<PasswordEntry, 'host' | 'port' | 'security' | 'url'>;

export const NO_SERVER: ServerEntry = { host: '', port: '', security: '', url: '' };

type ServerShown = NonNullable<NonNullable<ConnectSession['channel']>['server']>;

/** The server a channel has, as the form shows it; nothing of it where the API does not tell. */
export function serverEntry(server: ServerShown | null | undefined): Partial<ServerEntry> {
  if (!server) return {};
  if ('url' in server) return { url: server.url };
  return { host: server.host, port: String(server.port), security: server.security };
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
  };
}
