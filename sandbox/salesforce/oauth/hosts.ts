import { orgId } from '../ids.ts';
import type { AccountRow } from '../rows.ts';

const isInstance = (name: string): boolean => /^[a-z]{2}\d+$/.test(name);

/**
 * Organizations log in at `login` (production), at `test` (sandboxes), or at their own domain, which is their instance's. One
 * that has a domain is shut at `login`, by the policy of "My Domain".
 */
export function admits(host: string, { instance }: AccountRow): boolean {
  const isSandbox = instance.startsWith('cs');
  if (host === 'login') return !isSandbox && isInstance(instance);
  return host === 'test' ? isSandbox : host === instance;
}

/** The instance of an account that a sign-in makes. */
export function instanceAt(host: string): string {
  if (host === 'login') return 'na1';
  return host === 'test' ? 'cs1' : host;
}

const loginHost = (instance: string): string => (instance.startsWith('cs') ? 'test' : 'login');

/** The path of a user's identity URL. */
export const identityPath = ({ org, user_id }: AccountRow): string => `/id/${orgId(org)}/${user_id}`;

/** The `id` of a token answer: the login host of the organization, and the user. */
export const identityUrl = (base: string, account: AccountRow): string =>
  `${base}/${loginHost(account.instance)}${identityPath(account)}`;
