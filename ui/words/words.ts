import { NEEDS_PERSON, isOneOf } from '../../domain/channel.ts';
import { capital } from '../../domain/words/sign-in-failures.ts';
import type { Status } from '../../domain/channel.ts';
import type { StatusReason } from '../../domain/verdict.ts';
import type { Channel } from '../../api/schemas/channels.ts';

export type Tone = 'good' | 'warn' | 'bad' | 'quiet';

/** The word and colour of a status; the shape is drawn in components/status-mark.tsx. */
export const STATUS_WORDS: Record<Status, { word: string; tone: Tone }> = {
  connected: { word: 'Connected', tone: 'good' },
  degraded: { word: 'Trouble, retrying', tone: 'warn' },
  reauth_required: { word: 'Sign-in needed', tone: 'bad' },
  blocked: { word: 'Blocked', tone: 'bad' },
  paused: { word: 'Paused', tone: 'quiet' },
  disconnecting: { word: 'Disconnecting', tone: 'quiet' },
  disconnected: { word: 'Disconnected', tone: 'quiet' },
};

export type Explained = Pick<
  Channel,
  'status' | 'status_reason' | 'access' | 'account' | 'action' | 'owner' | 'kind' | 'tenant' | 'import'
>;

export interface Explanation {
  /** What happened, as a support agent would say it. */
  cause: string;
  /** What happens next, or what to do. */
  next: string;
  /** Who must act; null when no action is needed. */
  who: string | null;
}

/**
 * A channel's state in sentences. They never claim more than the provider's bytes can tell: the API gives the sentences
 * where a provider answers two causes alike.
 */
export function explain(channel: Explained): Explanation {
  switch (channel.status) {
    case 'connected':
      return { cause: 'Everything works.', next: 'No action is needed.', who: null };
    case 'paused':
      return {
        cause: 'This channel is paused.',
        next:
          channel.import === 'off'
            ? 'Resume it to go on.'
            : 'Resume it to go on; what came meanwhile is then imported.',
        who: null,
      };
    case 'disconnecting':
      return {
        cause: 'The channel is being disconnected.',
        next: 'Access is being given back; then the credentials are shredded.',
        who: null,
      };
    case 'disconnected':
      return {
        cause: 'The channel is disconnected and its credentials are shredded.',
        next: 'Connect the account again to bring it back.',
        who: null,
      };
    case 'degraded':
      return { cause: causeOf(channel), next: 'It is tried again by itself; no action is needed.', who: null };
    case 'reauth_required':
    case 'blocked':
      return { cause: causeOf(channel), next: nextStep(channel), who: whoMustAct(channel) };
  }
}

function causeOf(channel: Explained): string {
  const { provider } = channel.access;
  if (channel.status_reason === null) return `${capital(provider)} refused the connection without saying why.`;
  const special = channel.access.causes[channel.status_reason];
  return special ?? CAUSES[channel.status_reason](provider, channel.account.login);
}

type Cause = (provider: string, login: string) => string;

const CAUSES: Record<StatusReason, Cause> = {
  password_changed: (provider, login) =>
    `${capital(provider)} no longer accepts the sign-in of ${login}, because the password changed.`,
  access_revoked: (provider) => `Access was withdrawn at ${provider}.`,
  session_revoked: (provider, login) => `Every session of ${login} at ${provider} was ended, and our access with it.`,
  token_idle_expired: (provider) => `The access lay unused for too long, so ${provider} let it expire.`,
  refresh_token_expired: (provider) =>
    `The access that was given has run out; ${provider} wants a new sign-in from time to time.`,
  mfa_required: (provider, login) => `${capital(provider)} wants ${login} to confirm the sign-in with a second factor.`,
  conditional_access: (provider) => `A sign-in policy of the organisation at ${provider} ended the access.`,
  admin_consent_required: (provider) =>
    `${capital(provider)} wants an administrator of the organisation to approve this app.`,
  admin_policy_enforced: (provider) => `A policy of the organisation at ${provider} does not allow this app.`,
  insufficient_scope: (provider) =>
    `Part of the permission is missing at ${provider}: not every box was ticked, or one was taken away.`,
  account_disabled: (provider, login) => `${capital(provider)} says that the account ${login} is disabled or gone.`,
  mailbox_unavailable: (provider, login) =>
    `${capital(provider)} accepts the sign-in, but the mailbox of ${login} cannot be opened.`,
  subscription_renewal_failed: (provider) =>
    `${capital(provider)} does not tell us about news at the moment; we ask regularly instead.`,
  app_credentials_invalid: (provider) =>
    `${capital(provider)} does not accept our app's own client id or secret. The owner of the channel can do nothing about it.`,
  refresh_outcome_unknown: (provider) =>
    `A renewal was cut off after ${provider} had used up the old key, and the new one never reached us. No one did anything wrong.`,
  provider_unavailable: (provider) => `${capital(provider)} does not answer properly at the moment.`,
  rate_limited: (provider) => `${capital(provider)} asked us to slow down.`,
  network: (provider) => `${capital(provider)} cannot be reached at the moment.`,
};

function nextStep(channel: Explained): string {
  const { provider } = channel.access;
  // Without imports there is no mail to lose, and no promise about it.
  const unharmed = channel.import === 'off' ? '' : '; nothing is lost';
  switch (channel.action) {
    case 'reauthorize':
      return `Sign in again as ${channel.account.login} to continue${unharmed}.`;
    case 'change_access':
      return `Move the channel to another access type to continue${unharmed}.`;
    case 'admin_consent':
      return channel.status_reason === 'admin_consent_required'
        ? `An administrator must approve the app at ${provider}; we look again every hour.`
        : `An administrator must allow the access at ${provider}, where a setting or a rule stops it; we look again every hour.`;
    case 'fix_app_credentials':
      return `The operator of Mooring must put the right client id and secret for ${provider} in place; we look again every hour.`;
    case 'contact_support':
      return channel.status === 'reauth_required'
        ? 'This happened several times in a month. Signing in again helps for now; ask support to find out why.'
        : `Ask the administrator of ${channel.account.email} at ${provider}; we look again every hour.`;
    case 'none':
      return 'It is tried again by itself.';
  }
}

function whoMustAct(channel: Explained): string | null {
  switch (channel.action) {
    case 'reauthorize':
    case 'change_access':
      if (channel.kind === 'shared') return `an admin of ${channel.tenant}`;
      return channel.owner ? (channel.owner.name ?? channel.owner.email) : channel.account.login;
    case 'admin_consent':
      return `an administrator at ${channel.access.provider}`;
    case 'fix_app_credentials':
      return 'the operator of Mooring';
    case 'contact_support':
      return channel.status === 'reauth_required'
        ? (channel.owner?.email ?? channel.account.login)
        : `an admin of ${channel.tenant}`;
    case 'none':
      return null;
  }
}

/** Whether a person has to act before this channel goes on. */
export function needsSomeone(channel: Pick<Channel, 'status'>): boolean {
  return isOneOf(NEEDS_PERSON, channel.status);
}
