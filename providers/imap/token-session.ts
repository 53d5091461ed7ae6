import { ProviderError } from '../../domain/verdict.ts';
import type { VerdictKind } from '../../domain/verdict.ts';
import { createEgressGuard } from '../../net/egress.ts';
import type { Identity, Session, SessionAccess } from '../contract.ts';
import type { ImapLogin, TokenOwner } from '../imap-login.ts';
import { ImapConnection } from './client.ts';
import type { ImapAccess } from './client.ts';
import { createSession } from './session.ts';
import type { SessionSettings } from './session.ts';

type TokenAccess = SessionAccess & { kind: 'token' };

/** In a connection's context: the name that opens the mailbox, which may be another one than its address. */
export const USERNAME = 'imap_user';
/** A login may not open a mailbox that is another's, or there is none. */
const NOT_OPENED: readonly VerdictKind[] = ['reauth_required', 'insufficient_scope', 'admin_action', 'account_gone'];

/**
 * Opens a mailbox with a provider's access token, at that provider's own server. At a sign-in the provider says whose token
 * it is; where the wanted mailbox does not open, the login's own does, and the caller names both.
 */
export async function openWithToken(
  settings: SessionSettings,
  { logins, access }: { logins: readonly ImapLogin[]; access: TokenAccess },
  signal: AbortSignal,
): Promise<Session> {
  const login = loginOf(logins, access);
  const { host, port } = login.server;
  // Configured, and named by no person.
  const { quietMs } = settings;
  const at = { ...settings, egress: createEgressGuard({ allow: [`${host}:${port}`] }) };
  const as = (username: string) => byToken(login, access, username);
  const known = access.context[USERNAME];
  if (known !== undefined) {
    const connection = await ImapConnection.open(at, as(known), signal);
    return createSession(connection, { access: as(known), quietMs }, async () =>
      identityOf(await login.findOwner(access, signal), known),
    );
  }
  const owner = await login.findOwner(access, signal);
  for (const { username } of owner.mailboxes.slice(0, -1)) {
    const session = await openIfAllowed(at, as(username), () => Promise.resolve(identityOf(owner, username)), signal);
    if (session) return session;
  }
  const { username } = owner.mailboxes.at(-1) ?? owner.mailboxes[0];
  const connection = await ImapConnection.open(at, as(username), signal);
  return createSession(connection, { access: as(username), quietMs }, () =>
    Promise.resolve(identityOf(owner, username)),
  );
}

/** The login of the token's provider: its token never goes to another's server, also where its own is no longer configured. */
export function loginOf(logins: readonly ImapLogin[], { issuer }: TokenAccess): ImapLogin {
  const login = issuer == null ? onlyOne(logins) : logins.find(({ oauth }) => oauth.provider === issuer);
  if (!login) throw new TypeError(`no provider is configured whose token opens this mailbox: ${issuer}`);
  return login;
}

const onlyOne = (logins: readonly ImapLogin[]) => (logins.length === 1 ? logins[0] : undefined);

function byToken({ server }: ImapLogin, { accessToken, namespaces }: TokenAccess, username: string): ImapAccess {
  return { server, username, namespaces, credential: { kind: 'token', accessToken } };
}

function identityOf({ mailboxes, grantKey }: TokenOwner, opened: string): Omit<Identity, 'proved'> {
  const { account, mailboxKey, vouchesForAddress, context, username } =
    mailboxes.find((mailbox) => mailbox.username === opened) ?? mailboxes[0];
  // The provider of the token says whose mailbox it is, and not the mail server.
  return {
    account,
    mailboxKey,
    serverKey: null,
    vouchesForAddress,
    grantKey,
    context: { ...context, [USERNAME]: username },
  };
}

/** null: the server says that this login does not open it, at the login or at the first command. */
async function openIfAllowed(
  settings: SessionSettings,
  access: ImapAccess,
  whoItIs: () => Promise<Omit<Identity, 'proved'>>,
  signal: AbortSignal,
): Promise<Session | null> {
  let session: Session | undefined;
  try {
    const connection = await ImapConnection.open(settings, access, signal);
    session = createSession(connection, { access, quietMs: settings.quietMs }, whoItIs);
    await session.verify();
    return session;
  } catch (error) {
    await session?.close();
    if (error instanceof ProviderError && NOT_OPENED.includes(error.verdict.kind)) return null;
    throw error;
  }
}
