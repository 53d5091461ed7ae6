import type { AccessType } from './access-type.ts';
import { actionOf } from './verdict.ts';
import type { Action, StatusReason, Verdict } from './verdict.ts';

export const STATUSES = [
  'connected',
  'degraded',
  'reauth_required',
  'blocked',
  'paused',
  'disconnecting',
  'disconnected',
] as const;
export type Status = (typeof STATUSES)[number];

/**
 * Being disconnected, or disconnected: the credential is served to no reader and used for no call but its revocation.
 */
export const LEFT = ['disconnecting', 'disconnected'] as const;
/** Polls, audits and imports run. */
export const WORKING = ['connected', 'degraded'] as const;
/** A reader may ask for a refresh: no person has to act first. */
export const REFRESHABLE = [...WORKING, 'paused'] as const;
/**
 * The grant is not known to be dead: it is refreshed on schedule, and revoking it elsewhere would break the channel.
 */
export const HOLDS_GRANT = [...REFRESHABLE, 'blocked'] as const;
/** A person must act before the channel goes on. */
export const NEEDS_PERSON = ['reauth_required', 'blocked'] as const;
/** Whether a page to sign in, or to consent, can bring a channel back: a blocked account needs its administrator first. */
export const isHelpedBySignIn = ({ status, action }: Pick<ChannelState, 'status' | 'action'>): boolean =>
  status !== 'blocked' || action === 'admin_consent';
/** Without trouble. */
export const WELL = ['connected', 'paused'] as const;

/** Worst first, as a list that is opened when something is wrong wants it. */
export const BY_NEED = [
  'reauth_required',
  'blocked',
  'degraded',
  'disconnecting',
  'paused',
  'connected',
  'disconnected',
] as const satisfies readonly Status[];

/** What a list of channels can be sorted by; `needs`: the worst first, of each status the longest in it. */
export const CHANNEL_SORTS = ['created_at', 'needs', 'email', 'status_since', 'covered_until'] as const;
export type ChannelSort = (typeof CHANNEL_SORTS)[number];

export function isOneOf<S extends Status>(set: readonly S[], status: Status): status is S {
  return (set as readonly Status[]).includes(status);
}

/** The part of a channel that transitions change. */
export interface ChannelState {
  status: Status;
  reason: StatusReason | null;
  action: Action;
  providerCode: string | null;
  /** A pause is in force; the status may show trouble that needs a person instead of `paused`. */
  paused: boolean;
  /** The live credential; a verdict about an older one changes nothing. */
  credentialVersion: number;
}

/** What can happen to a channel. */
export type Happening =
  /** The provider accepted the credential: a refresh, a login or a verified call. */
  | { type: 'worked'; credentialVersion: number }
  | { type: 'refused'; credentialVersion: number; verdict: Verdict }
  /** A person signed in again; `credentialVersion` is the new one. */
  | { type: 'reauthorized'; credentialVersion: number }
  /** A person changed the access, or the product went back to the one before. */
  | { type: 'access_changed'; credentialVersion: number; from: AccessType; to: AccessType; reversal: boolean }
  | { type: 'paused' }
  | { type: 'resumed' }
  | { type: 'disconnect_requested' }
  | { type: 'disconnected' };

export type ChannelEventType =
  | 'channel.degraded'
  | 'channel.reauth_required'
  | 'channel.reauthorized'
  | 'channel.access_changed'
  | 'channel.repaired'
  | 'channel.blocked'
  | 'channel.paused'
  | 'channel.resumed'
  | 'channel.disconnected';

export interface Transition {
  state: ChannelState;
  /** The event to emit, if the happening is worth one. */
  event: ChannelEventType | null;
  /** What becomes of the channel's incident. */
  incident: 'open' | 'close' | 'keep';
}

/**
 * The legal transitions of a channel, all of them:
 *
 * ```
 *              refused: transient, rate_limited        refused: reauth_required, insufficient_scope
 *   connected ───────────────────────────▶ degraded ──────────────────────────▶ reauth_required
 *      ▲  ▲ ◀────────── worked ───────────────┘  └─ refused: account_gone, ──▶ blocked
 *      │  └──── reauthorized, access_changed, worked ── admin_action, misconfigured ──┘
 *      │
 *   paused ◀── paused ── any live status; resumed ──▶ connected
 *     └─ refused, as above ──▶ reauth_required, blocked ── reauthorized, access_changed, worked ──▶ paused
 *   any but disconnected ── disconnect_requested ──▶ disconnecting ── disconnected ──▶ disconnected
 * ```
 *
 * `reauth_required` is left by a person's sign-in, or by a proof that the credential works after all (a repair). A
 * transient failure never changes `reauth_required` or `blocked`: the person's task stands until something works.
 * A pause lasts until it is resumed; a sign-in or trouble in between does not end it.
 * `disconnecting` and `disconnected` are left by nothing.
 */
export function transition(state: ChannelState, happening: Happening): Transition {
  if (state.status === 'disconnected') return unchanged(state);
  if (happening.type === 'disconnected') return left(state, 'disconnected', 'channel.disconnected');
  if (state.status === 'disconnecting') return unchanged(state);
  switch (happening.type) {
    case 'disconnect_requested':
      return left(state, 'disconnecting', null);
    case 'paused':
      return state.status === 'paused'
        ? unchanged(state)
        : left({ ...state, paused: true }, 'paused', 'channel.paused');
    case 'resumed':
      return resumed({ ...state, paused: false });
    case 'reauthorized':
      return renewed(state, happening.credentialVersion, 'channel.reauthorized');
    case 'access_changed':
      return renewed(state, happening.credentialVersion, 'channel.access_changed');
    case 'worked':
      return worked(state, happening.credentialVersion);
    case 'refused':
      return refused(state, happening.credentialVersion, happening.verdict);
  }
}

function unchanged(state: ChannelState): Transition {
  return { state, event: null, incident: 'keep' };
}

/** Ends all trouble: no reason, no action, the incident closes. */
function left(state: ChannelState, status: Status, event: ChannelEventType | null): Transition {
  return { state: { ...state, status, reason: null, action: 'none', providerCode: null }, event, incident: 'close' };
}

function resumed(state: ChannelState): Transition {
  return state.status === 'paused' ? left(state, 'connected', 'channel.resumed') : unchanged(state);
}

/** The status of a channel without trouble. */
const wellStatus = ({ paused }: ChannelState): Status => (paused ? 'paused' : 'connected');

function renewed(state: ChannelState, credentialVersion: number, event: ChannelEventType): Transition {
  return left({ ...state, credentialVersion }, wellStatus(state), event);
}

function worked(state: ChannelState, credentialVersion: number): Transition {
  if (credentialVersion < state.credentialVersion) return unchanged(state);
  const proved = { ...state, credentialVersion };
  if (isOneOf(WELL, state.status)) return unchanged(proved);
  return left(proved, wellStatus(state), 'channel.repaired');
}

function refused(state: ChannelState, credentialVersion: number, verdict: Verdict): Transition {
  if (credentialVersion < state.credentialVersion) return unchanged(state);
  const target = statusAfter(verdict);
  if (target === null || rank(target) < rank(state.status)) return unchanged(state);
  const next: ChannelState = {
    ...state,
    status: target,
    reason: verdict.reason,
    action: actionOf(verdict.kind),
    providerCode: verdict.providerCode,
  };
  if (target === state.status) return { state: next, event: null, incident: 'keep' };
  return { state: next, event: eventOf(target), incident: 'open' };
}

/** A pause outranks trouble that heals by itself and gives way to trouble that needs a person. */
function rank(status: Status): number {
  switch (status) {
    case 'connected':
      return 0;
    case 'degraded':
      return 1;
    case 'paused':
      return 2;
    case 'blocked':
    case 'reauth_required':
      return 3;
    case 'disconnecting':
    case 'disconnected':
      return 4;
  }
}

/** The app's own client is at fault: the operator's trouble, and no owner is told (rule 11). */
export function isOperatorsTrouble({ status, action }: Pick<ChannelState, 'status' | 'action'>): boolean {
  return status === 'blocked' && action === 'fix_app_credentials';
}

/** A person of the tenant must act: the owner, an admin, its support. */
export function asksPerson(state: Pick<ChannelState, 'status' | 'action'>): boolean {
  return isOneOf(NEEDS_PERSON, state.status) && !isOperatorsTrouble(state);
}

/** The status a verdict leads to; null when it says nothing about the credential. */
export function statusAfter(verdict: Verdict): 'degraded' | 'reauth_required' | 'blocked' | null {
  switch (verdict.kind) {
    case 'reauth_required':
    case 'insufficient_scope':
      return 'reauth_required';
    case 'account_gone':
    case 'admin_action':
    case 'misconfigured':
      return 'blocked';
    case 'transient':
    case 'rate_limited':
      return 'degraded';
    case 'cursor_expired':
      return null;
  }
}

function eventOf(status: 'degraded' | 'reauth_required' | 'blocked'): ChannelEventType {
  switch (status) {
    case 'degraded':
      return 'channel.degraded';
    case 'reauth_required':
      return 'channel.reauth_required';
    case 'blocked':
      return 'channel.blocked';
  }
}
