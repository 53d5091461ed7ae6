import type { RefreshRefusal } from '../../oauth/tokens.ts';
import type { MicrosoftRefreshTokenRow } from '../rows.ts';
import type { EntraError } from './answers.ts';
import { entraError } from './answers.ts';
import type { Entra } from './sign-in.ts';

/** In Entra's words, why a refresh token is refused. Personal accounts are told the same for every cause. */
export function refusedRefresh(
  { store, client }: Entra,
  row: MicrosoftRefreshTokenRow,
  refusal: RefreshRefusal,
): EntraError {
  if (store.account(row.email)?.personal) return entraError.personalGrantOver();
  const issuedAt = new Date(row.used_at);
  const endedAt = new Date(row.ended?.at ?? store.now());
  switch (refusal) {
    case 'idle':
      return entraError.idle(issuedAt);
    case 'revoked':
    case 'unknown':
      return entraError.notConsented(client.clientId);
    case 'session':
    case 'password':
      return entraError.revoked(issuedAt, endedAt);
    case 'replayed':
      return entraError.personalGrantOver();
  }
}
