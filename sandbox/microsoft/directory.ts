import { createHash } from 'node:crypto';

/** The tenant of all personal accounts. */
export const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad';

const GUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
const PERSONAL_DOMAINS = ['outlook.com', 'hotmail.com', 'live.com', 'msn.com'];

/** The id of an organization: the same name is always the same tenant. */
export function tenantId(name: string): string {
  if (GUID.test(name)) return name.toLowerCase();
  const hex = createHash('sha256').update(name.toLowerCase()).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

export function domainOf(email: string): string {
  return email.slice(email.lastIndexOf('@') + 1).toLowerCase();
}

export function isPersonalAddress(email: string): boolean {
  return PERSONAL_DOMAINS.includes(domainOf(email));
}
