import type { Transaction } from '../../db/client.ts';
import type { ApiContext } from '../api-context.ts';
import { makeLink } from '../../connections/new-link.ts';
import type { NewLink } from '../../connections/new-link.ts';

/** Makes a link, as the API shows it. */
export async function createLink(context: ApiContext, tx: Transaction, link: NewLink, now: Date) {
  const { link: row, url } = await makeLink(context, tx, link, now);
  return { id: row.id, url, purpose: row.purpose, expires_at: row.expiresAt.toISOString() };
}
