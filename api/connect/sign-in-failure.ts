import { failLink } from '../../db/access/links.ts';
import type { LinkResult, LinkRow } from '../../db/access/links.ts';
import type { ProviderError } from '../../domain/verdict.ts';
import type { PasswordSignIn } from '../../providers/contract.ts';
import type { ApiContext } from '../api-context.ts';
import { Problem, isProblemCode } from '../http/problem.ts';
import type { ProblemCode } from '../http/problem.ts';

export type SignInFailure = Extract<LinkResult, { status: 'failed' }>;

/** What stands between a form and a server; the adapters use these words as `providerCode`. */
const NETWORK: readonly ProblemCode[] = [
  'dns_failed',
  'connection_refused',
  'tls_untrusted',
  'tls_failed',
  'starttls_missing',
  'wrong_protocol',
  'wrong_security',
  'egress_denied',
  'timeout',
  'unreachable',
  'connection_lost',
];

/** Every problem that a refused password or an account that is not the expected one may become. */
export const SIGN_IN_PROBLEMS: readonly ProblemCode[] = [
  ...NETWORK,
  'authentication_failed',
  'account_mismatch',
  'attestation_required',
  'account_connected',
  'account_disabled',
  'mailbox_unavailable',
  'web_sign_in_required',
  'provider_error',
  'rate_limited',
  'scope_missing',
];

/** The same for every such server: nothing in it tells them apart. */
const EGRESS_DENIED =
  'The server is not at a public address, or its port is not one of the service; the operator can allow it in MOORING_EGRESS_ALLOW';

/**
 * What a provider's answer to a sign-in means for the person in front of it. `mailbox`: the provider's page has let the
 * person in, and the mailbox does not open.
 */
export function failureOf(
  { verdict, message, alternative }: ProviderError,
  how: 'oauth' | 'mailbox' | 'password',
): SignInFailure {
  const network = NETWORK.find((code) => code === verdict.providerCode);
  const failed = (code: ProblemCode, detail = message): SignInFailure => ({ status: 'failed', code, detail });
  const { page } = verdict;
  if (page !== undefined) return { ...failed('web_sign_in_required'), page };
  if (network === 'egress_denied' && how === 'password') return failed(network, EGRESS_DENIED);
  if (network && how === 'password') return failed(network);
  switch (verdict.kind) {
    case 'reauth_required':
      if (how !== 'password') return failed('provider_error');
      return { ...failed('authentication_failed'), ...(alternative === null ? {} : { alternative }) };
    case 'insufficient_scope':
      return failed('scope_missing');
    case 'account_gone':
      return failed(verdict.reason === 'mailbox_unavailable' ? 'mailbox_unavailable' : 'account_disabled');
    case 'admin_action':
      // An app that is approved already is stopped by another rule, or IMAP is switched off: no consent helps.
      if (how === 'password' || (how === 'mailbox' && verdict.reason !== 'admin_consent_required')) {
        return failed('mailbox_unavailable');
      }
      return { status: 'failed', code: 'admin_consent_required', detail: message };
    case 'rate_limited':
      return failed('rate_limited');
    case 'misconfigured':
    case 'transient':
    case 'cursor_expired':
      return failed('provider_error');
  }
}

/** The failure of the server that sends. What an administrator has to allow there is no consent to an app. */
export function sendingFailure(error: ProviderError, how: 'oauth' | 'password'): SignInFailure {
  const failure = failureOf(error, error.verdict.kind === 'admin_action' ? 'password' : how);
  const code = how === 'oauth' && failure.code === 'mailbox_unavailable' ? 'provider_error' : failure.code;
  return { ...failure, code, service: 'smtp' };
}

/** The link shows the failure too, and stays usable. */
export async function recordFailure(context: ApiContext, link: LinkRow, failure: SignInFailure): Promise<void> {
  await context.database.inTenant(link.tenantId, (tx) => failLink(tx, link.id, failure));
}

/** The same failure as a problem: it carries the same fields. */
export function problemOf({ code, detail, expected, received, page, service, alternative }: SignInFailure): Problem {
  const known = isProblemCode(code) ? code : 'provider_error';
  return new Problem(known, detail, {
    ...(expected === undefined ? {} : { expected }),
    ...(received === undefined ? {} : { received }),
    ...(page === undefined ? {} : { page }),
    ...(service === undefined ? {} : { service }),
    ...(alternative === undefined ? {} : { alternative }),
  });
}

export const sendingServerNotFound: SignInFailure = {
  status: 'failed',
  code: 'server_not_found',
  detail: 'No server that takes mail was found for this address; expected smtp: host, port and security',
  service: 'smtp',
};

export const serverNotFound = ({ server }: PasswordSignIn): SignInFailure => ({
  status: 'failed',
  code: 'server_not_found',
  detail: `No server was found for this address; expected ${server.asks === 'url' ? 'url' : 'host and port'}`,
});
