import { getCACertificates } from 'node:tls';

/**
 * Node's usual certificate authorities and further ones (MOORING_CA_FILE), for servers that people name. Node's `ca`
 * option replaces the usual ones, so they are listed again. undefined when there are no further ones.
 */
export function withAuthorities(furtherPem: string | null): string[] | undefined {
  return furtherPem === null ? undefined : [...getCACertificates('default'), furtherPem];
}
