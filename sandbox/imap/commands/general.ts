import { BadCommand } from '../wire/reply.ts';
import type { ImapCommand, Session } from '../session.ts';

/** Commands for every state and for IDLE (RFC 3501 section 6.1, RFC 2971, RFC 5161, RFC 2342, RFC 2177). */

export const capability: ImapCommand = {
  state: 'any',
  run(session, parser) {
    parser.end();
    session.connection.line(`* CAPABILITY ${session.capabilities()}`);
    return { text: 'Capability completed.' };
  },
};

export const noop: ImapCommand = {
  state: 'any',
  run(_session, parser) {
    parser.end();
    return { text: 'NOOP completed.' };
  },
};

export const logout: ImapCommand = {
  state: 'any',
  run(session, parser) {
    parser.end();
    session.connection.line('* BYE Logging out');
    session.loggedOut = true;
    return { text: 'Logout completed.' };
  },
};

export const startTls: ImapCommand = {
  state: 'unauthenticated',
  run(session, parser) {
    parser.end();
    const { connection, server } = session;
    if (connection.encrypted) throw new BadCommand('TLS is already active.');
    return {
      text: 'Begin TLS negotiation now.',
      afterwards: () => connection.startTls(server.secureContext),
    };
  },
};

export const id: ImapCommand = {
  state: 'any',
  run(session, parser) {
    parser.space();
    if (parser.peek() === '(') {
      const values = parser.list(() => parser.nstring());
      if (values.length % 2 === 1) throw new BadCommand('ID needs pairs of names and values');
    } else if (parser.nstring() !== null) throw new BadCommand('Expected NIL or a list');
    parser.end();
    session.connection.line('* ID ("name" "Mooring sandbox")');
    return { text: 'ID completed.' };
  },
};

export const enable: ImapCommand = {
  state: 'authenticated',
  run(session, parser) {
    const names: string[] = [];
    while (!parser.atEnd()) {
      parser.space();
      names.push(parser.keyword());
    }
    if (names.length === 0) throw new BadCommand('Missing arguments');
    const condstore = names.includes('CONDSTORE');
    session.condstore ||= condstore;
    session.connection.line(condstore ? '* ENABLED CONDSTORE' : '* ENABLED');
    return { text: 'Enabled.' };
  },
};

export const namespace: ImapCommand = {
  state: 'authenticated',
  run(session, parser) {
    parser.end();
    session.connection.line('* NAMESPACE (("" "/")) NIL NIL');
    return { text: 'Namespace completed.' };
  },
};

const stillHereMs = 120_000;

export const idle: ImapCommand = {
  state: 'authenticated',
  async run(session, parser) {
    parser.end();
    session.connection.line('+ idling');
    session.tellUpdates();
    await session.connection.flush();
    const stopPushing = pushChanges(session);
    const line = await session.readLine().finally(stopPushing);
    if (line && line.toString('latin1').toUpperCase() !== 'DONE') throw new BadCommand('Expected DONE.');
    return { text: 'Idle completed.' };
  },
};

/** Tells the client of each change at once, until the returned function is called. */
function pushChanges(session: Session): () => void {
  const { store, deps, provider } = session.server;
  const { email } = session.owner;
  const push = (changed: unknown): void => {
    if (changed !== session.selected?.folder) return;
    const request = { provider, kind: 'push', email } as const;
    if (deps.conditions.take(request, ['push_dropped']).size > 0) return;
    session.tellUpdates();
    void session.connection.flush();
  };
  const stillHere = setInterval(() => {
    session.connection.line('* OK Still here');
    void session.connection.flush();
  }, stillHereMs).unref();
  store.on('changed', push);
  return () => {
    store.off('changed', push);
    clearInterval(stillHere);
  };
}
