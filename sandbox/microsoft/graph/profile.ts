import type { HttpAnswer } from '../../http-answer.ts';
import type { MicrosoftAccessTokenRow } from '../rows.ts';
import { json } from './answers.ts';
import type { Graph } from './request.ts';

/** `me`, and `users/{id}` for oneself; of others only with a scope that is about all users. */
export function getProfile(
  { store, errors, address }: Graph,
  prefix: string,
  token: MicrosoftAccessTokenRow,
): HttpAnswer {
  const own = store.requireAccount(token.email);
  const name = prefix.toLowerCase() === 'me' ? own.email : decodeURIComponent(prefix.slice(6));
  const account = store.accountNamed(name);
  const mayReadOthers = token.scopes.some((scope) => scope.endsWith('.All'));
  if (account?.oid !== own.oid && !mayReadOthers) return errors.insufficientPrivileges();
  if (!account || account.tid !== own.tid) {
    const message = `Resource '${name}' does not exist or one of its queried reference-property objects are not present.`;
    return errors.of(404, 'Request_ResourceNotFound', message);
  }
  return json(200, {
    '@odata.context': `${address}/$metadata#users/$entity`,
    id: account.oid,
    displayName: account.name ?? account.email.slice(0, account.email.indexOf('@')),
    mail: account.home ?? account.email,
    userPrincipalName: account.upn ?? account.email,
    preferredLanguage: null,
  });
}
