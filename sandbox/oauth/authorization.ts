import type { HttpAnswer } from '../http-answer.ts';
import { SandboxRefusal } from '../refusal.ts';

/** How long a code waits for its exchange. */
export const CODE_LIFE_MS = 10 * 60_000;

/** An error that the provider shows to the person without a redirect to the app. */
export class AuthorizationError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'AuthorizationError';
    this.code = code;
  }
}

/** Where the browser goes with the answer (RFC 6749 section 4.1.2). */
export function redirectUri(
  { redirectUri: uri, state }: { readonly redirectUri: string; readonly state: string | null },
  parameters: Readonly<Record<string, string>>,
): string {
  const query = new URLSearchParams(state === null ? parameters : { state, ...parameters });
  return `${uri}${uri.includes('?') ? '&' : '?'}${query.toString()}`;
}

export function redirect(location: string): HttpAnswer {
  return { status: 302, headers: { location, 'cache-control': 'no-store' }, body: '' };
}

/**
 * What the boxes left ticked are called, from the names a script gives. @throws SandboxRefusal 400 for one not asked
 * for.
 * @param find the scope that a name means
 */
export function tickedScopes(
  asked: readonly string[],
  names: readonly string[] | undefined,
  find: (name: string) => string | undefined,
): readonly string[] {
  if (!names) return asked;
  return names.map((name) => {
    const scope = find(name);
    if (scope !== undefined) return scope;
    throw new SandboxRefusal(400, 'scope_not_requested', `the app asked for ${asked.join(', ')}, not for ${name}`);
  });
}
