import { isSameAddress } from '../../domain/address.ts';
import type { EntraLogin } from './identity.ts';
import { PERSONAL_TENANT } from './oauth.ts';

/** Microsoft alone gives out their addresses. A personal account may also have any other one, whose mail lies elsewhere. */
const OWN_DOMAINS = ['outlook.com', 'hotmail.com', 'live.com', 'msn.com'];

/**
 * Whether Microsoft vouches for the address of a login's own mailbox. An administrator sets `mail`, and with it the claim
 * `email`, to any address of the world (nOAuth), but a principal name only in domains that the organization has proved;
 * `xms_edov` says the same of the claim (learn.microsoft.com/entra/identity-platform/optional-claims-reference).
 */
export function isVouchedFor(address: string, login: EntraLogin, principalName: string | null): boolean {
  const isPrincipal = principalName !== null && isSameAddress(address, principalName);
  if (login.tenant === PERSONAL_TENANT) return isPrincipal && isOfMicrosoft(address);
  return isPrincipal || (login.isEmailOfTenant && login.email !== null && isSameAddress(address, login.email));
}

/**
 * The same of an address by which a mail server of Microsoft opened the mailbox: it knows addresses in domains that the
 * organization has proved, and no others (learn.microsoft.com/exchange/mail-flow-best-practices/manage-accepted-domains).
 */
export function isOpenedByProvedAddress(address: string, { tenant }: EntraLogin): boolean {
  return tenant !== PERSONAL_TENANT || isOfMicrosoft(address);
}

const isOfMicrosoft = (address: string): boolean =>
  OWN_DOMAINS.some((domain) => address.trim().toLowerCase().endsWith(`@${domain}`));
