import type { Context } from '../../runtime/context.ts';
import type { Provider } from '../../providers/contract.ts';

/**
 * The same context, where mailboxes of the access type `imap` are reached in three ways: with their password, and with a
 * login at either of two authorization servers. Both are the sandbox's Google, under two names.
 */
export function withTwoWays(context: Context): Context {
  const [gmail, imap] = [context.providers.get('gmail'), context.providers.get('imap')];
  const [google] = gmail?.signIn.oauth ?? [];
  if (!gmail || !imap || !google) throw new Error('Gmail and IMAP have to be configured');
  const both: Provider = {
    ...imap,
    capabilities: { ...imap.capabilities, revocation: 'token' },
    signIn: { ...imap.signIn, oauth: [google, { ...google, provider: 'microsoft' }] },
    openSession: (access, signal) => (access.kind === 'token' ? gmail : imap).openSession(access, signal),
  };
  return { ...context, providers: new Map([['imap', both]]) };
}
