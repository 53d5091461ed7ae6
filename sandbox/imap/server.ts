import { createServer, type Socket } from 'node:net';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';

import type { ProviderDeps } from '../provider.ts';
import { sandboxCertificate } from '../certificate.ts';
import { capabilities } from './capability.ts';
import { commandTable } from './command-table.ts';
import type { MailAccount } from './mailbox/mailbox.ts';
import { type ImapServer, Session } from './session.ts';
import { MailStore } from './mailbox/store.ts';

export interface RunningImapServer extends ImapServer {
  /** Begins in the clear and offers STARTTLS. */
  readonly port: number;
  /** TLS from the first byte. */
  readonly tlsPort: number;
  readonly caFile: string;
  openSessions(account: MailAccount): number;
  /** Says `* BYE why` to the sessions of the accounts that `whose` accepts (null: not signed in yet). */
  hangUp(whose: (account: MailAccount | null) => boolean, why: string): void;
  close(): Promise<void>;
}

/** Opens the mail store in `deps.dir` and listens on both ports. */
export async function openImapServer(deps: ProviderDeps): Promise<RunningImapServer> {
  const store = new MailStore(deps.dir, deps.clock);
  const server = await createImapServer(deps, {
    provider: 'imap',
    capabilities,
    refusesLogins: false,
    store,
    commands: commandTable,
  });
  const plain = createServer(server.serve);
  const encrypted = createTlsServer(server.tls, server.serve);
  return {
    ...server,
    port: await deps.ports.listen(plain, 'imap'),
    tlsPort: await deps.ports.listen(encrypted, 'imaps'),
    async close() {
      server.hangUp(() => true, 'Server shutting down.');
      await Promise.all([plain, encrypted].map((one) => new Promise((resolve) => one.close(resolve))));
      store.close();
    },
  };
}

/** A server that listens nowhere yet: `serve` takes its connections. */
export async function createImapServer(
  deps: ProviderDeps,
  own: Pick<ImapServer, 'provider' | 'capabilities' | 'refusesLogins' | 'store' | 'commands'>,
) {
  const { key, certificate: cert, caFile } = await sandboxCertificate(deps.dir);
  const sessions = new Set<Session>();
  const shared: ImapServer = { ...own, deps, sessions, secureContext: createSecureContext({ key, cert }) };
  own.store.on('lost', (folder, why) => {
    for (const session of sessions) if (session.selected?.folder === folder) session.bye(why);
  });
  const hangUp: RunningImapServer['hangUp'] = (whose, why) => {
    for (const session of sessions) if (whose(session.account)) session.bye(why);
  };
  return {
    ...shared,
    caFile,
    tls: { key, cert },
    serve: (socket: Socket): void => void new Session(socket, shared).run(),
    openSessions: (account: MailAccount) => [...sessions].filter((session) => session.account === account).length,
    hangUp,
  };
}
