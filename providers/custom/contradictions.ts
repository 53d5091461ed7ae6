import { fields } from './file-format.ts';
import type { ProviderFile } from './file-format.ts';
import { namesIn } from './templates.ts';

interface Contradiction {
  path: (string | number)[];
  message: string;
}

/** A file whose fields are right, and do not contradict one another. */
export const providerFile = fields.superRefine((file, context) => {
  for (const { path, message } of contradictionsOf(file)) context.addIssue({ code: 'custom', path, message });
});

/** Fields of a file that contradict one another, each right by itself. */
function contradictionsOf(file: ProviderFile): Contradiction[] {
  return [
    ...ofAddresses(file),
    ...(['identity', 'verify'] as const).flatMap((part) => ofCall(file, part)),
    ...ofClient(file),
    ...ofScopes(file),
    ...ofTokens(file),
    ...ofMail(file),
  ];
}

function ofAddresses({ servers, authorization, token, revocation, identity, verify, imap }: ProviderFile) {
  // The calls of a mail provider are made by the address that the file has: its connections keep the name of the mailbox.
  const mayBeTold = imap === undefined;
  const checked: [string, string | undefined, boolean][] = [
    ['authorization', authorization.url, false],
    ['token', token.url, false],
    ['revocation', revocation.url, false],
    ['identity', identity.url, mayBeTold],
    ['verify', verify?.url, mayBeTold],
  ];
  return checked.flatMap(([part, template, isToldAllowed]) =>
    namesIn(template ?? '').flatMap((name) => {
      const path = [part, 'url'];
      if (!Object.hasOwn(servers, name)) return { path, message: `expected a name of \`servers\` in place of ${name}` };
      if (isToldAllowed || typeof servers[name] === 'string') return [];
      return { path, message: `expected a server with an address of its own in place of ${name}` };
    }),
  );
}

function ofCall(file: ProviderFile, part: 'identity' | 'verify'): Contradiction[] {
  const call = file[part];
  if (!call) return [];
  // Both would be the header Authorization.
  const basic =
    call.client_authentication === 'basic' && call.scheme !== null
      ? [{ path: [part, 'client_authentication'], message: 'expected `scheme: null` beside `basic`' }]
      : [];
  if (call.method !== 'GET') return basic;
  const message = 'expected `method: POST` beside it';
  return [
    ...basic,
    ...(Object.keys(call.form).length > 0 ? [{ path: [part, 'form'], message }] : []),
    ...(call.client_authentication === 'body' ? [{ path: [part, 'client_authentication'], message }] : []),
  ];
}

/** Without a secret, the proof key alone ties a code to this client (RFC 9700 section 2.1.1). */
const ofClient = ({ token, authorization }: ProviderFile): Contradiction[] =>
  token.client_authentication === 'public' && authorization.pkce === 'none'
    ? [{ path: ['authorization', 'pkce'], message: 'expected S256 where the client is public' }]
    : [];

/** A scope with the separator in it would be asked for as two. */
function ofScopes({ scopes, authorization: { scope_separator: separator } }: ProviderFile): Contradiction[] {
  return (['always', 'read', 'send'] as const).flatMap((use) =>
    (scopes[use] ?? []).flatMap((scope, index) =>
      scope.includes(separator)
        ? { path: ['scopes', use, index], message: 'expected a scope without the separator' }
        : [],
    ),
  );
}

function ofTokens({ access_token: access, refresh_token: refresh }: ProviderFile): Contradiction[] {
  const { default_life_seconds: life, longest_life_seconds: longest = life, expires } = access;
  const { rotation, grace_seconds: grace, unused_life_days: unused } = refresh;
  return [
    ...((rotation === 'grace') === (grace !== undefined)
      ? []
      : [{ path: ['refresh_token', 'grace_seconds'], message: 'expected with `rotation: grace`, and only there' }]),
    ...(expires && longest < life
      ? [{ path: ['access_token', 'longest_life_seconds'], message: 'expected no less than `default_life_seconds`' }]
      : []),
    ...(expires || (rotation === 'none' && unused === undefined)
      ? []
      : [{ path: ['refresh_token'], message: 'expected only where access tokens expire' }]),
  ];
}

function ofMail({ imap, smtp, scopes, access_token: { expires } }: ProviderFile): Contradiction[] {
  return [
    ...(smtp && !imap ? [{ path: ['smtp'], message: 'expected `imap` beside it' }] : []),
    ...(imap && !smtp && scopes.send
      ? [{ path: ['imap'], message: 'expected `smtp` beside it, or no `scopes.send`' }]
      : []),
    ...(smtp && imap && !scopes.send
      ? [{ path: ['smtp'], message: 'expected `scopes.send`, which may be empty' }]
      : []),
    ...(imap && !expires
      ? [{ path: ['access_token', 'expires'], message: 'expected true where `imap` is given' }]
      : []),
  ];
}
