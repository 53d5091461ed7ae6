import { setTimeout as sleep } from 'node:timers/promises';
import type { ProviderDeps, ProviderName } from '../provider.ts';

/** The control API's faults of a submission server, at the login and after the mail's last byte. */
const LOGIN_FAULTS = [
  'account_disabled',
  'mfa_required',
  'rate_limited',
  'unavailable',
  'slow',
  'cut_connection',
  'sending_switched_off',
];
const SEND_FAULTS = ['rate_limited', 'unavailable', 'slow', 'cut_connection'];

/** Lines of real servers, by the fault. */
const REFUSALS: Record<string, readonly [status: number, text: string]> = {
  account_disabled: [535, '5.7.8 Account is disabled, please contact your administrator.'],
  // Gmail
  mfa_required: [
    534,
    '5.7.9 Application-specific password required. For more information, go to 5.7.9 https://support.google.com/mail/?p=InvalidSecondFactor',
  ],
  rate_limited: [454, '4.7.0 Too many login attempts, please try again later.'],
  unavailable: [454, '4.7.0 Temporary authentication failure'],
  // Office 365
  sending_switched_off: [
    535,
    '5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant. Visit https://aka.ms/smtp_auth_disabled for more information.',
  ],
};
const AT_SENDING: Record<string, readonly [status: number, text: string]> = {
  rate_limited: [450, '4.2.1 The user you are trying to contact is receiving mail at a rate that prevents delivery.'],
  unavailable: [451, '4.3.0 Temporary server error. Please try again later.'],
};

/** The server's answer in place of the usual one; `cut`: it closes the connection instead. */
export type Faulty = { refusal: Error | null; cut: 'request' | 'processing' | null };

/** Applies the conditions of a login or a mail, and waits where they are slow. */
export async function meetFaults(
  { conditions }: Pick<ProviderDeps, 'conditions'>,
  request: { provider: ProviderName; kind: 'login' | 'send'; email: string },
): Promise<Faulty> {
  const isLogin = request.kind === 'login';
  const held = conditions.take(request, isLogin ? LOGIN_FAULTS : SEND_FAULTS);
  await sleep(held.get('slow')?.ms ?? 0);
  const cut = held.get('cut_connection');
  const lines = isLogin ? REFUSALS : AT_SENDING;
  const [told] = [...held.keys()].flatMap((fault) => (lines[fault] ? [lines[fault]] : []));
  return { refusal: told ? refusal(...told) : null, cut: cut ? (cut.after ?? 'request') : null };
}

/** The error that smtp-server answers with this code and text. */
export const refusal = (responseCode: number, text: string): Error => Object.assign(new Error(text), { responseCode });
