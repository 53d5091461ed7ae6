import { BadCommand, Refusal } from '../wire/reply.ts';
import type { ImapCommand, Session } from '../session.ts';
import { ask, initialResponse, tooManySessions } from './login.ts';

/** How a provider judges a token, and how it says no. */
export interface TokenLogins {
  /** Whether this token opens the mailbox of that name. */
  admits(user: string, token: string): boolean;
  /** What is sent, in base64, before a token is refused; null: nothing is, the refusal comes at once. */
  readonly challenge: object | null;
  readonly refusal: { readonly text: string; readonly code: string | null };
}

/** AUTHENTICATE XOAUTH2. https://developers.google.com/workspace/gmail/imap/xoauth2-protocol */
export function authenticateByToken(logins: TokenLogins): ImapCommand {
  return {
    state: 'unauthenticated',
    async run(session, parser) {
      parser.space();
      const mechanism = parser.keyword();
      const initial = initialResponse(parser);
      if (mechanism !== 'XOAUTH2') throw new Refusal('Unsupported authentication mechanism.', null, 400);
      const { user, token } = parseResponse(initial ?? (await ask(session)));
      session.logRequest('login', user, 'AUTHENTICATE XOAUTH2');
      await session.meetFaults('login', user, 'AUTHENTICATE XOAUTH2');
      const { store } = session.server;
      const account = logins.admits(user, token) ? store.account(user) : undefined;
      if (!account) {
        if (logins.challenge !== null) await waitForTheEmptyLine(session, logins.challenge);
        throw new Refusal(logins.refusal.text, logins.refusal.code);
      }
      if (tooManySessions(session, account)) {
        throw new Refusal('Too many simultaneous connections. (Failure)', 'ALERT', 429);
      }
      session.account = account;
      return { text: 'Success', code: `CAPABILITY ${session.capabilities()}` };
    },
  };
}

/** The client answers a challenge with nothing; only then it hears the refusal. */
async function waitForTheEmptyLine(session: Session, challenge: object): Promise<void> {
  session.connection.line(`+ ${Buffer.from(JSON.stringify(challenge)).toString('base64')}`);
  await session.connection.flush();
  const line = await session.readLine();
  if (line !== null && line.length > 0) throw new BadCommand('Expected an empty response');
}

function parseResponse(response: string): { user: string; token: string } {
  const text = Buffer.from(response, 'base64').toString('utf8');
  const [user = '', token = '', ...rest] = text.split('\x01');
  const isWhole = user.startsWith('user=') && token.startsWith('auth=Bearer ') && rest.join('') === '';
  if (!isWhole || rest.length !== 2) throw new BadCommand('Invalid SASL argument.');
  return { user: user.slice('user='.length), token: token.slice('auth=Bearer '.length) };
}
