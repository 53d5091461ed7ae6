import type { AccountRow } from '../rows.ts';

/** Organizations log in at `login` (production), at `test` (sandboxes), or at their own domain, which is their instance's. */
export function admits(host: string, { instance }: AccountRow): boolean {
  const isSandbox = instance.startsWith('cs');
  if (host === 'login') return !isSandbox;
  return host === 'test' ? isSandbox : host === instance;
}

/** What an account that is made by signing in is. */
export function instanceAt(host: string): string {
  if (host === 'login') return 'na1';
  return host === 'test' ? 'cs1' : host;
}
