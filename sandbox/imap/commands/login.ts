import type { MailAccount } from '../mailbox/mailbox.ts';
import type { CommandParser } from '../wire/parser.ts';
import { BadCommand, Refusal } from '../wire/reply.ts';
import type { Completion, ImapCommand, Session } from '../session.ts';

/** As Gmail has it: more sessions of one account than these are refused. */
const sessionsPerAccount = 15;

export const login: ImapCommand = {
  state: 'unauthenticated',
  run(session, parser) {
    parser.space();
    const email = parser.astring();
    parser.space();
    const password = parser.astring();
    parser.end();
    return signIn(session, 'LOGIN', email, password);
  },
};

/** AUTHENTICATE PLAIN, with the initial response in the command or after a `+` (RFC 4959, RFC 4616). */
export const authenticate: ImapCommand = {
  state: 'unauthenticated',
  async run(session, parser) {
    parser.space();
    const mechanism = parser.keyword();
    const initial = initialResponse(parser);
    if (mechanism !== 'PLAIN') throw new Refusal('Unsupported authentication mechanism.', 'CANNOT', 400);
    // Before TLS not even the password is asked for.
    if (initial === null && !session.connection.encrypted) throw privacyRequired();
    const [identity, email, password] = decodePlain(initial ?? (await ask(session)));
    if (identity !== '' && identity !== email) {
      session.logRequest('login', email, 'AUTHENTICATE PLAIN');
      throw new Refusal('Authorization failed.', 'AUTHORIZATIONFAILED');
    }
    return signIn(session, 'AUTHENTICATE PLAIN', email, password);
  },
};

export function initialResponse(parser: CommandParser): string | null {
  if (parser.atEnd()) return null;
  parser.space();
  const text = parser.word((byte) => byte > 0x20, 'an initial response');
  parser.end();
  return text === '=' ? '' : text;
}

export async function ask(session: Session): Promise<string> {
  session.connection.line('+ ');
  await session.connection.flush();
  const line = (await session.readLine())?.toString('latin1') ?? '*';
  if (line === '*') throw new BadCommand('Authentication aborted by client.');
  return line;
}

function decodePlain(response: string): [string, string, string] {
  const canonical = Buffer.from(response, 'base64').toString('base64') === response;
  const [identity, email, password, ...more] = Buffer.from(response, 'base64').toString('utf8').split('\0');
  if (!canonical || identity === undefined || !email || password === undefined || more.length > 0) {
    throw new BadCommand('Invalid base64 data in continued response');
  }
  return [identity, email, password];
}

async function signIn(session: Session, operation: string, email: string, password: string): Promise<Completion> {
  const { store } = session.server;
  session.logRequest('login', email, operation);
  if (!session.connection.encrypted) {
    session.connection.line(
      '* BAD [ALERT] Plaintext authentication not allowed without SSL/TLS, but your client did it anyway. ' +
        'If anyone was listening, the password was exposed.',
    );
    throw privacyRequired();
  }
  await session.meetFaults('login', email, operation);
  const account = store.account(email);
  // Unknown, locked and mistaken look the same from outside.
  if (!account || account.password === null || account.password !== password) {
    throw new Refusal('Authentication failed.', 'AUTHENTICATIONFAILED');
  }
  if (tooManySessions(session, account)) {
    throw new Refusal('Too many simultaneous connections. (Failure)', 'ALERT', 429);
  }
  session.account = account;
  return { text: 'Logged in', code: `CAPABILITY ${session.capabilities()}` };
}

export function tooManySessions({ server }: Session, account: MailAccount): boolean {
  const open = [...server.sessions].filter((other) => other.account === account && !other.connection.closed);
  return open.length >= sessionsPerAccount;
}

function privacyRequired(): Refusal {
  return new Refusal('Plaintext authentication disallowed on non-secure (SSL/TLS) connections.', 'PRIVACYREQUIRED');
}
