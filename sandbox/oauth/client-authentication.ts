import { createHash } from 'node:crypto';

/** What a token request says of its client, by `client_secret_basic` or `client_secret_post` (RFC 6749 section 2.3.1). */
export function clientCredentials(
  body: URLSearchParams,
  authorization: string | undefined,
): { readonly id: string | null; readonly secret: string | null } {
  const encoded = /^Basic\s+(\S+)$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return { id: body.get('client_id'), secret: body.get('client_secret') };
  const decoded = Buffer.from(encoded, 'base64').toString();
  const colon = decoded.indexOf(':');
  return { id: formDecode(decoded.slice(0, colon)), secret: formDecode(decoded.slice(colon + 1)) };
}

function formDecode(text: string): string {
  return new URLSearchParams(`v=${text}`).get('v') ?? '';
}

/** RFC 7636 section 4.6, S256 */
export function verifierMatches(verifier: string, challenge: string): boolean {
  return createHash('sha256').update(verifier).digest('base64url') === challenge;
}

/** RFC 6750 section 2.1 */
export function bearerToken(authorization: string | undefined): string | undefined {
  return /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1];
}
