import { setTimeout as sleep } from 'node:timers/promises';

import type { Condition } from '../conditions.ts';
import type { ProviderDeps, ProviderName } from '../provider.ts';
import { BadCommand, Goodbye, Hangup, Refusal } from './wire/reply.ts';

/** What an IMAP server has of the faults of the control API; `push_dropped` is about what IDLE says by itself. */
export const conditionFaults = [
  'account_disabled',
  'mailbox_unavailable',
  'mfa_required',
  'push_dropped',
  'rate_limited',
  'unavailable',
  'slow',
  'rubbish',
  'cut_connection',
  'listing_cut_short',
  'page_repeated',
  'sending_switched_off',
] as const;

/** What Gmail alone says to a login whose token is good. */
export const gmailLoginFaults = ['imap_switched_off', 'web_sign_in_required'] as const;

/** What a listing can get wrong without saying so: it ends before its end, or names messages twice. */
const listingFaults = ['listing_cut_short', 'page_repeated'];
/** Faults of IDLE and of the submission server alone. */
const elsewhere = ['push_dropped', 'sending_switched_off'];
const requestFaults = conditionFaults.filter((fault) => !elsewhere.includes(fault) && !listingFaults.includes(fault));
const apiFaults = requestFaults.filter((fault) => fault !== 'mfa_required');

const badGateway = [
  'HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n',
  '<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>\r\n',
].join('');

/** A server as far as a fault cares. */
interface FaultyServer {
  readonly provider: ProviderName;
  readonly refusesLogins: boolean;
  readonly deps: Pick<ProviderDeps, 'conditions'>;
}

/** A request as far as a fault cares. `operation` is the command's name. */
export interface FaultyRequest {
  kind: 'login' | 'api';
  email: string;
  operation: string;
  message?: string | undefined;
}

/**
 * Lets the conditions of this request happen: returns where they let it pass, or throws what the server does instead.
 * `cutAfterwards` is called when it is to be done and never answered.
 */
export async function meetFaults(
  server: FaultyServer,
  request: FaultyRequest,
  cutAfterwards: () => void,
): Promise<void> {
  const { kind, email, message } = request;
  const { provider, deps } = server;
  const faults = kind === 'login' ? loginFaults(server) : apiFaults;
  const held = deps.conditions.take({ provider, kind, email, message, isPart: message !== undefined }, faults);
  if (held.size === 0) return;
  await sleep(held.get('slow')?.ms ?? 0);
  const cut = held.get('cut_connection');
  if (cut && cut.after !== 'processing') throw new Hangup();
  if (held.has('rubbish')) throw new Hangup(badGateway);
  const refuse = kind === 'login' ? refuseLogin : refuseCommand;
  for (const [fault, condition] of held) refuse(fault, condition, request);
  if (cut) cutAfterwards();
}

/** What a search answers of what it found, where it found anything. */
export function distortListing({ provider, deps }: FaultyServer, email: string, found: number[]): number[] {
  if (found.length === 0) return found;
  const held = deps.conditions.take({ provider, kind: 'api', email }, listingFaults);
  const listed = held.has('listing_cut_short') ? found.slice(0, Math.floor(found.length / 10)) : found;
  return held.has('page_repeated') ? [...listed, ...listed] : listed;
}

/**
 * Where a mailbox is unavailable, Office 365 lets the login in and refuses its commands; only Gmail refuses the login.
 */
function loginFaults({ deps, refusesLogins }: FaultyServer): string[] {
  const { conditions } = deps;
  const isOfLogins = conditions.list().some(({ fault, kind }) => fault === 'mailbox_unavailable' && kind === 'login');
  const asGmail = refusesLogins || isOfLogins;
  return [...requestFaults.filter((fault) => asGmail || fault !== 'mailbox_unavailable'), ...gmailLoginFaults];
}

/** Lines that real servers say to LOGIN and AUTHENTICATE. */
function refuseLogin(fault: string): void {
  switch (fault) {
    case 'account_disabled':
      throw new Refusal('Account is disabled, please contact your administrator.', 'CONTACTADMIN', 403);
    case 'mailbox_unavailable': // Gmail, a good login without a mailbox
      throw new Refusal('Lookup failed cf29mb85450632edb', null, 403);
    case 'mfa_required': // Gmail
      throw new Refusal(
        'Application-specific password required: https://support.google.com/accounts/answer/185833 (Failure)',
        'ALERT',
        401,
      );
    case 'imap_switched_off':
      throw new Refusal(
        'Your account is not enabled for IMAP use. Please visit your Gmail settings page and enable your account for IMAP access. (Failure)',
        'ALERT',
        403,
      );
    case 'web_sign_in_required':
      throw new Refusal(
        'Web login required. (Failure)',
        'WEBALERT https://accounts.google.com/signin/continue?sarp=1&scc=1&plt=AKgnsb',
        401,
      );
    case 'rate_limited': // Gmail
      throw new Refusal('Too many simultaneous connections. (Failure)', 'ALERT', 429);
    case 'unavailable': // Dovecot
      throw new Refusal('Temporary authentication failure.', 'UNAVAILABLE', 503);
  }
}

/** Lines that real servers say to the commands of an open session. */
function refuseCommand(fault: string, condition: Condition, { operation }: FaultyRequest): void {
  switch (fault) {
    case 'account_disabled':
      throw new Goodbye('[CONTACTADMIN] Account is disabled, please contact your administrator.', 403);
    case 'mailbox_unavailable': // Office 365
      throw new BadCommand('User is authenticated but not connected.', 403);
    case 'rate_limited': {
      if (condition.retry_after_s === undefined) throw new Refusal(`${operation} Rate limit hit.`, 'LIMIT', 429);
      const backoffMs = condition.retry_after_s * 1000; // Office 365 says when to come back, Yahoo does not
      throw new BadCommand(`Request is throttled. Suggested Backoff Time: ${backoffMs} milliseconds`, 429);
    }
    case 'unavailable': // Yahoo
      throw new Refusal(`${operation} Server error, please try again later`, 'UNAVAILABLE', 503);
  }
}
