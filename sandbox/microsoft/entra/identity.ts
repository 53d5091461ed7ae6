import { createHash } from 'node:crypto';
import type { HttpAnswer } from '../../http-answer.ts';
import type { AccountRow } from '../rows.ts';
import { json } from './answers.ts';
import type { Authority } from './authority.ts';

/** Where Entra is, and with what it signs. */
export interface EntraAddress {
  /** What stands in the place of `https://login.microsoftonline.com`. */
  readonly base: string;
  readonly clientId: string;
}

/** https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference */
export function idTokenClaims(
  { base, clientId }: EntraAddress,
  account: AccountRow,
  of: { readonly scopes: readonly string[]; readonly nonce: string | null; readonly nowMs: number },
): Record<string, unknown> {
  const iat = Math.floor(of.nowMs / 1000);
  const name = account.name ?? account.email.slice(0, account.email.indexOf('@'));
  return {
    ver: '2.0',
    iss: `${base}/${account.tid}/v2.0`,
    aud: clientId,
    iat,
    nbf: iat,
    exp: iat + 3600,
    // Another one for each app.
    sub: createHash('sha256').update(`${account.oid}/${clientId}`).digest('base64url'),
    tid: account.tid,
    ...(of.scopes.includes('profile')
      ? { name, oid: account.oid, preferred_username: account.upn ?? account.home ?? account.email }
      : {}),
    ...(of.scopes.includes('email') ? { email: account.home ?? account.email } : {}),
    ...(account.edov === undefined ? {} : { xms_edov: account.edov }),
    ...(of.nonce === null ? {} : { nonce: of.nonce }),
  };
}

/** The issuer of the words common and organizations is a template: every tenant is its own. */
export function openidConfiguration(base: string, authority: Authority): HttpAnswer {
  const { name } = authority;
  const templated = authority.kind === 'common' || authority.kind === 'organizations';
  const tid = authority.kind === 'tenant' ? authority.tid : '9188040d-6c67-4c5b-b112-36a304b66dad';
  return json(200, {
    issuer: `${base}/${templated ? '{tenantid}' : tid}/v2.0`,
    authorization_endpoint: `${base}/${name}/oauth2/v2.0/authorize`,
    token_endpoint: `${base}/${name}/oauth2/v2.0/token`,
    jwks_uri: `${base}/${name}/discovery/v2.0/keys`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt', 'client_secret_basic'],
    response_modes_supported: ['query'],
    response_types_supported: ['code'],
    scopes_supported: ['openid', 'profile', 'email', 'offline_access'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
    claims_supported: ['sub', 'iss', 'aud', 'exp', 'iat', 'nonce', 'preferred_username', 'name', 'tid', 'ver', 'email'],
  });
}
