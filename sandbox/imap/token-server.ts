import { createServer as createTlsServer } from 'node:tls';
import type { ProviderDeps, ProviderName } from '../provider.ts';
import { readingByToken } from './command-table.ts';
import { authenticateByToken, type TokenLogins } from './commands/token-login.ts';
import { type MailboxView, MailMirror } from './mailbox/mirror.ts';
import { createImapServer } from './server.ts';

interface TokenMailboxes extends TokenLogins {
  readonly provider: ProviderName;
  /** Before the login, and after it. */
  readonly capabilities: { readonly before: string; readonly after: string };
  /** Where a mailbox is unavailable, the login says so; else the commands after it do. */
  readonly refusesLogins: boolean;
  /** Undefined: there is no such mailbox. */
  view(email: string): MailboxView | undefined;
}

export interface TokenImapServer {
  readonly host: string;
  readonly port: number;
  /** Something came into the mailbox, or left it. */
  changed(email: string): void;
  /** The right to read the mailbox has ended. */
  hangUp(email: string): void;
  close(): Promise<void>;
}

/** A provider's mailboxes over IMAP, read by its access tokens: TLS from the first byte. */
export async function openTokenImapServer(deps: ProviderDeps, own: TokenMailboxes): Promise<TokenImapServer> {
  const mirror = new MailMirror(deps.clock, (email) => own.view(email));
  const server = await createImapServer(deps, {
    provider: own.provider,
    capabilities: (_encrypted, authenticated) => own.capabilities[authenticated ? 'after' : 'before'],
    refusesLogins: own.refusesLogins,
    store: mirror,
    commands: readingByToken(authenticateByToken(own)),
  });
  const listening = createTlsServer(server.tls, server.serve);
  return {
    host: '127.0.0.1',
    port: await deps.ports.listen(listening, `${own.provider}-imap`),
    changed: (email) => mirror.changed(email),
    hangUp: (email) => server.hangUp((account) => account?.email === email, 'Session expired, please login again.'),
    async close() {
      server.hangUp(() => true, 'Server shutting down.');
      await new Promise((resolve) => listening.close(resolve));
    },
  };
}
