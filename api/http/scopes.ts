/**
 * What an API key may do. Reading tokens is a right of its own: nothing else includes it, and `admin` neither (a key
 * can only make keys with rights it has itself).
 */
export const SCOPES = [
  'channels:read',
  'channels:write',
  'links:write',
  'tokens:read',
  'messages:read',
  'messages:write',
  'messages:send',
  'webhooks:read',
  'webhooks:write',
  'incidents:write',
  'notices:write',
  'metrics:read',
  'admin',
] as const;
export type Scope = (typeof SCOPES)[number];

/** Whether a key may do everything that any key may. */
export const hasEveryScope = (scopes: ReadonlySet<string>): boolean => SCOPES.every((scope) => scopes.has(scope));

/** The `Principal.id` of a session that was opened with the login link; it has every right. */
export const LOGIN_SESSION = 'ui';

/** The caller: an API key, or a person's session in the web UI. */
export interface Principal {
  /** The key's id, for the audit, or `LOGIN_SESSION`. */
  id: string;
  /** null: every tenant. */
  tenantId: string | null;
  scopes: ReadonlySet<string>;
  /** null: any number. */
  readsPerMinute: number | null;
  kind: 'key' | 'session';
}
