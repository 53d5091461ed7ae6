import type { Condition } from '../../conditions.ts';
import type { HttpAnswer } from '../../http-answer.ts';
import { bearerToken } from '../../oauth/client-authentication.ts';
import { MAIL_SHARED } from '../entra/scopes.ts';
import type { AccountRow, MicrosoftAccessTokenRow } from '../rows.ts';
import { accountKey } from '../../account-key.ts';
import type { Graph, GraphRequest } from './request.ts';

type Held = ReadonlyMap<string, Condition>;

/** The row of the token that the request carries, also of one that is refused. */
export function tokenOf({ store }: Graph, { authorization }: GraphRequest): MicrosoftAccessTokenRow | undefined {
  return store.tables.read('access_tokens').get(bearerToken(authorization) ?? '');
}

/** Why the token is refused; undefined when it is good. */
export function refuseToken(graph: Graph, request: GraphRequest, held: Held): HttpAnswer | undefined {
  const { store, errors } = graph;
  if (bearerToken(request.authorization) === undefined) return errors.unauthenticated('Access token is empty.');
  const row = tokenOf(graph, request);
  if (!row || row.expires_at <= store.now()) {
    return errors.unauthenticated('Lifetime validation failed, the token is expired.');
  }
  if (row.resource !== undefined) {
    return errors.unauthenticated('Access token validation failure. Invalid audience.');
  }
  const nowS = Math.floor(store.now() / 1000);
  const revoked = row.challenged === true || held.has('account_disabled');
  if (revoked && row.capable) return errors.challenged('TokenIssuedBeforeRevocationTimestamp', nowS);
  if (revoked) return errors.unauthenticated('Lifetime validation failed, the token is expired.');
  const floor = store.account(row.email)?.claims_floor ?? null;
  if (floor === null || !row.capable || (row.signed_in_at ?? 0) >= floor) return undefined;
  const floorS = Math.floor(floor / 1000);
  return (row.nbf ?? 0) >= floorS ? undefined : errors.challenged('TokenCreatedWithOutdatedPolicies', floorS);
}

/** The mailbox of `me` or `users/{id}`: one's own, or one that is shared with the login. */
export function mailboxOf(
  { store, errors }: Graph,
  prefix: string,
  token: MicrosoftAccessTokenRow,
): AccountRow | HttpAnswer {
  const own = store.requireAccount(token.email);
  if (prefix.toLowerCase() === 'me') return own;
  const name = decodeURIComponent(prefix.slice(prefix.indexOf('/') + 1));
  const account = store.accountNamed(name);
  if (!account || account.tid !== own.tid) return errors.noSuchMailbox(name);
  if (account.oid === own.oid) return own;
  const may = account.delegates.includes(accountKey(own.email));
  return may && MAIL_SHARED.some((scope) => token.scopes.includes(scope)) ? account : errors.accessDenied();
}
