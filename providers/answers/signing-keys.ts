import { createRemoteJWKSet, customFetch, errors } from 'jose';
import type { JWTVerifyGetKey } from 'jose';
import { ProviderError } from '../../domain/verdict.ts';
import type { Http } from '../../net/http.ts';

/** A provider's signing keys, fetched on demand and kept. `jose` fetches an unknown key twice a minute at most. */
export function fetchedKeys(http: Http, address: string): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(address), {
    async [customFetch](url, { signal }) {
      const { body, status } = await http.send({ method: 'GET', url: new URL(url), operation: 'api', signal });
      return new Response(body, { status });
    },
  });
}

/** Whether the keys could not be fetched, which says nothing of the token. */
export const isMissingKeys = (error: unknown): boolean =>
  error instanceof ProviderError ||
  error instanceof errors.JWKSTimeout ||
  error instanceof errors.JWKSInvalid ||
  (error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC'); // the answer was no set of keys
