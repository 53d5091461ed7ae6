import type { MicrosoftStore } from '../store.ts';
import { CONSUMERS, tenantId } from '../directory.ts';
import type { AccountRow } from '../rows.ts';

/** The first part of every path of Entra: a tenant by id or domain, or one of three words. */
export type Authority =
  | { readonly kind: 'common' | 'organizations' | 'consumers'; readonly name: string }
  | { readonly kind: 'tenant'; readonly name: string; readonly tid: string };

/** Undefined for a tenant that does not exist. */
export function parseAuthority(store: MicrosoftStore, name: string): Authority | undefined {
  const word = name.toLowerCase();
  if (word === 'common' || word === 'organizations' || word === 'consumers') return { kind: word, name: word };
  const tid = tenantId(word);
  if (tid === CONSUMERS) return { kind: 'consumers', name: 'consumers' };
  const exists = [...store.tables.read('accounts').values()].some((account) => account.tid === tid);
  return exists ? { kind: 'tenant', name: tid, tid } : undefined;
}

/** Whether this account may sign in here at all. */
export function admits(authority: Authority, account: Pick<AccountRow, 'personal' | 'tid'>): boolean {
  if (authority.kind === 'common') return true;
  if (account.personal) return authority.kind === 'consumers';
  return authority.kind === 'organizations' || (authority.kind === 'tenant' && authority.tid === account.tid);
}
