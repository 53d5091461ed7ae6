/** What signing in alone grants. https://learn.microsoft.com/entra/identity-platform/scopes-oidc */
const SIGN_IN_SCOPES: readonly string[] = ['openid', 'profile', 'email', 'offline_access'];

const GRAPH = 'https://graph.microsoft.com';
const OUTLOOK = 'https://outlook.office.com';

export const IMAP_ACCESS = `${OUTLOOK}/IMAP.AccessAsUser.All`;
export const SMTP_ACCESS = `${OUTLOOK}/SMTP.Send`;

const MEANINGS: Readonly<Record<string, string>> = {
  'User.Read': 'Sign you in and read your profile',
  'User.ReadBasic.All': 'Read all users’ basic profiles',
  'User.Read.All': 'Read all users’ full profiles',
  'Mail.ReadBasic': 'Read your basic mail',
  'Mail.Read': 'Read your mail',
  'Mail.ReadWrite': 'Read and write your mail',
  'Mail.Send': 'Send mail as you',
  'Mail.Read.Shared': 'Read your mail and mail that is shared with you',
  'Mail.ReadWrite.Shared': 'Read and write your mail and mail that is shared with you',
  'Mail.Send.Shared': 'Send mail as you and on behalf of others',
  'MailboxSettings.Read': 'Read your mailbox settings',
  [IMAP_ACCESS]: 'Read and write your mail by IMAP',
  [SMTP_ACCESS]: 'Send mail as you by SMTP AUTH',
};

/** Reading a mailbox: headers, and also bodies; one's own, and also those that are shared with the login. */
export const MAIL_BASIC: readonly string[] = [
  'Mail.ReadBasic',
  'Mail.Read',
  'Mail.ReadWrite',
  'Mail.Read.Shared',
  'Mail.ReadWrite.Shared',
];
export const MAIL_READ: readonly string[] = MAIL_BASIC.slice(1);
export const MAIL_SHARED: readonly string[] = ['Mail.Read.Shared', 'Mail.ReadWrite.Shared'];
export const MAIL_SEND: readonly string[] = ['Mail.Send', 'Mail.Send.Shared'];
export const MAIL_SEND_SHARED: readonly string[] = ['Mail.Send.Shared'];
export const USER_READ: readonly string[] = ['User.Read', 'User.Read.All', 'User.ReadBasic.All'];

/** The scopes of a request, Graph's by their short names. */
export function parseScopes(scope: string): string[] {
  return [...new Set(scope.split(/\s+/).filter(Boolean).map(shortName))];
}

function shortName(scope: string): string {
  return scope.toLowerCase().startsWith(`${GRAPH}/`) ? scope.slice(GRAPH.length + 1) : scope;
}

export function isSignInScope(scope: string): boolean {
  return SIGN_IN_SCOPES.includes(scope);
}

export function isKnownScope(scope: string): boolean {
  return isSignInScope(scope) || scope === '.default' || scope in MEANINGS;
}

/** The API that a scope is about: null for those of signing in, '' for Graph. A token is good for one alone. */
export function resourceOf(scope: string): string | null {
  if (isSignInScope(scope)) return null;
  return /^(https:\/\/.+)\/[^/]+$/.exec(scope)?.[1] ?? '';
}

export function scopeMeaning(scope: string): string {
  return MEANINGS[scope] ?? scope;
}

/** The one of `scopes` that a person or a script calls `name`: in any case, short or whole. */
export function findScope(scopes: readonly string[], name: string): string | undefined {
  const wanted = shortName(name).toLowerCase();
  return (
    scopes.find((scope) => scope.toLowerCase() === wanted) ??
    scopes.find((scope) => scope.toLowerCase().endsWith(`/${wanted}`))
  );
}
