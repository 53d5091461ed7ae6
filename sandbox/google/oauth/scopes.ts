/** What signing in alone grants; no check box for these. */
const SIGN_IN_SCOPES: readonly string[] = [
  'openid',
  'https://www.googleapis.com/auth/userinfo.email',
  'https://www.googleapis.com/auth/userinfo.profile',
];

const FULL_NAMES: Readonly<Record<string, string>> = {
  email: 'https://www.googleapis.com/auth/userinfo.email',
  profile: 'https://www.googleapis.com/auth/userinfo.profile',
};

const GMAIL = 'https://www.googleapis.com/auth/gmail';
export const GMAIL_FULL = 'https://mail.google.com/';

/** https://developers.google.com/workspace/gmail/api/auth/scopes */
export const GMAIL_READ: readonly string[] = [`${GMAIL}.readonly`, `${GMAIL}.modify`, GMAIL_FULL];
/** https://developers.google.com/workspace/gmail/api/reference/rest/v1/users.messages/send */
export const GMAIL_SEND: readonly string[] = [`${GMAIL}.send`, `${GMAIL}.compose`, `${GMAIL}.modify`, GMAIL_FULL];
/** Ids, labels and headers, but no bodies and no search. */
export const GMAIL_METADATA: readonly string[] = [...GMAIL_READ, `${GMAIL}.metadata`];

const MEANINGS: Readonly<Record<string, string>> = {
  [`${GMAIL}.readonly`]: 'View your email messages and settings',
  [`${GMAIL}.modify`]: 'Read, compose, and send emails from your Gmail account',
  [`${GMAIL}.send`]: 'Send email on your behalf',
  [`${GMAIL}.metadata`]: 'View your email message metadata such as labels and headers, but not the email body',
  [GMAIL_FULL]: 'Read, compose, send, and permanently delete all your email from Gmail',
};

/** The scopes of an authorization request, under the names Google answers with. */
export function parseScopes(scope: string): string[] {
  return [
    ...new Set(
      scope
        .split(/\s+/)
        .filter(Boolean)
        .map((name) => FULL_NAMES[name] ?? name),
    ),
  ];
}

export function isSignInScope(scope: string): boolean {
  return SIGN_IN_SCOPES.includes(scope);
}

export function isGmailScope(scope: string): boolean {
  return scope.startsWith(GMAIL) || scope === GMAIL_FULL;
}

export function scopeMeaning(scope: string): string {
  return MEANINGS[scope] ?? scope;
}

/** The one of `scopes` that a person or a script calls `name`: whole, or its last part (`gmail.readonly`). */
export function findScope(scopes: readonly string[], name: string): string | undefined {
  const full = FULL_NAMES[name] ?? name;
  return scopes.find((scope) => scope === full) ?? scopes.find((scope) => scope.endsWith(`/${name}`));
}
