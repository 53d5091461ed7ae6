import type { AccessType } from '../domain/access-type.ts';
import { knownServer } from './connect-words.ts';

/** What the password form holds; an empty server field means "as discovered, or as before". */
export interface PasswordEntry {
  username: string;
  password: string;
  host: string;
  port: string;
  security: 'tls' | 'starttls';
  url: string;
}

export const EMPTY_SERVER = { host: '', port: '', security: 'tls', url: '' } as const;

/** The body of `POST /connect/:link/password`. What nobody entered and no list knows is left to the server to find. */
export function passwordBody(accessType: AccessType, entry: PasswordEntry): Record<string, unknown> {
  const body = { access_type: accessType, username: entry.username.trim(), password: entry.password };
  if (accessType === 'exchange') return { ...body, url: entry.url.trim() };
  const host = entry.host.trim() || knownServer(entry.username)?.host;
  if (!host) return entry.port === '' ? body : { ...body, port: Number(entry.port), security: entry.security };
  return {
    ...body,
    host,
    port: Number(entry.port) || (entry.security === 'tls' ? 993 : 143),
    security: entry.security,
  };
}
