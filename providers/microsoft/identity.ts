import { jwtVerify } from 'jose';
import { z } from 'zod';
import type { Secret } from '../../domain/secret.ts';
import { verdict } from '../../domain/verdict-builders.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { Http } from '../../net/http.ts';
import { fetchedKeys } from '../answers/signing-keys.ts';
import type { MicrosoftConfig } from './configuration.ts';

/** Entra's clock and Graph's may differ by this. */
const CLOCK_TOLERANCE_SECONDS = 300;

/** Only these two name a login for ever; addresses and names in a token change hands. */
const claims = z.object({
  oid: z.string().min(1),
  tid: z.string().regex(/^[\w-]+$/),
  preferred_username: z.string().optional(),
  email: z.string().optional(),
  /** An optional claim: the domain of `email` is proved to be the tenant's own. Tokens have it in several shapes. */
  xms_edov: z
    .union([z.boolean(), z.literal(1), z.literal(0), z.string()])
    .optional()
    .catch(undefined),
});

export interface EntraLogin {
  /** The object id of the login in its tenant. */
  oid: string;
  tenant: string;
  /** What the person signed in with; it may be no mail address. */
  username: string | null;
  email: string | null;
  /** Microsoft says that the domain of `email` is one that the tenant has proved. */
  isEmailOfTenant: boolean;
}

/** As Microsoft's own libraries write it; both parts are needed, because a guest has another `oid` in each tenant. */
export const loginId = ({ oid, tenant }: Pick<EntraLogin, 'oid' | 'tenant'>) => `${oid}.${tenant}`;

export function requireIdToken(idToken: Secret | null | undefined): Secret {
  if (idToken) return idToken;
  const failure = verdict('transient', 'provider_unavailable', { providerCode: 'id_token_missing' });
  throw new ProviderError('Microsoft gave no id_token', failure);
}

/**
 * Verifies an id_token and reads who signed in. Throws `ProviderError`, `transient`: a later sign-in may have a good one.
 * `at` is Graph's time, so that a machine whose clock is wrong still takes sign-ins; null: this machine's.
 */
export type VerifyLogin = (idToken: Secret, at: Date | null, signal: AbortSignal) => Promise<EntraLogin>;

/**
 * By the keys that Entra publishes; the issuer has to be that of the token's own tenant
 * (learn.microsoft.com/entra/identity-platform/id-tokens, OpenID Connect Core 3.1.3.7).
 */
export function createLoginVerifier(config: MicrosoftConfig, http: Http): VerifyLogin {
  const keys = fetchedKeys(http, `${config.authorityUrl}/common/discovery/v2.0/keys`);
  return async (idToken, at) => {
    try {
      const { payload } = await jwtVerify(idToken.reveal(), keys, {
        algorithms: ['RS256'],
        audience: config.client.id,
        requiredClaims: ['exp', 'iss'],
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        ...(at ? { currentDate: at } : {}),
      });
      const { oid, tid, preferred_username: name, email, xms_edov: isOfTenant } = claims.parse(payload);
      if (payload.iss !== `${config.authorityUrl}/${tid}/v2.0`) throw new Error('the issuer is another tenant’s');
      const isEmailOfTenant = email !== undefined && [true, 1, '1', 'true'].includes(isOfTenant ?? false);
      return { oid, tenant: tid, username: name ?? email ?? null, email: email ?? null, isEmailOfTenant };
    } catch (error) {
      throw error instanceof ProviderError ? error : unverified(error);
    }
  };
}

function unverified(cause: unknown): ProviderError {
  const failure = verdict('transient', 'provider_unavailable', { providerCode: 'id_token_unverified' });
  return Object.assign(new ProviderError('Microsoft’s id_token could not be verified', failure), { cause });
}
