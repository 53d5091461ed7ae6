import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { Secret } from '../domain/secret.ts';

/** The app, as a client of a provider's authorization server. */
export interface OAuthClientConfig {
  id: string;
  /** Read at every token request, so that a rotated `*_CLIENT_SECRET_FILE` counts at once. */
  secret: () => Promise<Secret>;
}

/** For a variable that holds a secret: it is one from the start. */
export const secretVariable = z.string().transform((text) => new Secret(text));

/** The client of `*_CLIENT_ID`, `*_CLIENT_SECRET` and `*_CLIENT_SECRET_FILE`; null where id or secret is missing. */
export function oauthClient(given: {
  id: string | undefined;
  secret: Secret | undefined;
  secretFile: string | undefined;
}): OAuthClientConfig | null {
  const { id, secret, secretFile } = given;
  if (id === undefined) return null;
  if (secretFile !== undefined) {
    return { id, secret: async () => new Secret((await readFile(secretFile, 'utf8')).trim()) };
  }
  return secret === undefined ? null : { id, secret: () => Promise.resolve(secret) };
}
