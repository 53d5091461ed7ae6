import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, createServer as createTlsServer } from 'node:tls';

import type { ProviderDeps } from '../provider.ts';
import { loadServerCertificate } from './certificate.ts';
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
  const { key, certificate, caFile } = await loadServerCertificate(join(deps.dir, 'imap-tls'));
  const store = new MailStore(deps.dir, deps.clock);
  const sessions = new Set<Session>();
  const secureContext = createSecureContext({ key, cert: certificate });
  const shared: ImapServer = { deps, store, sessions, secureContext, commands: commandTable };
  const serve = (socket: Socket): void => void new Session(socket, shared).run();
  const plain = createServer(serve);
  const encrypted = createTlsServer({ key, cert: certificate }, serve);
  store.on('lost', (folder, why) => {
    for (const session of sessions) if (session.selected?.folder === folder) session.bye(why);
  });
  const hangUp: RunningImapServer['hangUp'] = (whose, why) => {
    for (const session of sessions) if (whose(session.account)) session.bye(why);
  };
  return {
    ...shared,
    port: await deps.ports.listen(plain, 'imap'),
    tlsPort: await deps.ports.listen(encrypted, 'imaps'),
    caFile,
    openSessions: (account) => [...sessions].filter((session) => session.account === account).length,
    hangUp,
    async close() {
      hangUp(() => true, 'Server shutting down.');
      await Promise.all([plain, encrypted].map((server) => new Promise((resolve) => server.close(resolve))));
      store.close();
    },
  };
}
