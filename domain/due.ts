import type { ImportMode, KeepWarm } from './access-type.ts';
import { HOLDS_GRANT, NEEDS_PERSON, WORKING, isOneOf } from './channel.ts';
import type { Status } from './channel.ts';
import { isSpent, refreshDueAt } from './schedule.ts';

/** What a channel's workflow can do next. */
export type Deed = 'disconnect' | 'refresh' | 'check' | 'renew' | 'poll' | 'audit' | 'remind' | 'look';

/** The facts that decide; times in ms since the epoch. */
export interface ChannelFacts {
  channelId: string;
  status: Status;
  /** The credential or the account behind it is in trouble; null without trouble. */
  trouble: 'credential' | 'access' | null;
  /** The half whose refusal is not believed yet: tried again at `retryAt`, not before. */
  suspected: 'credential' | 'access' | null;
  retryAt: number | null;
  /** Another channel tries the operator's client first: no refresh before `retryAt`. */
  waitsForCanary: boolean;
  /** A time in the future: an event has asked for it, and the token is too young to be refreshed for an event. */
  refreshRequestedAt: number | null;
  /** A time in the future: the check was put off. */
  checkRequestedAt: number | null;
  pollRequestedAt: number | null;
  /** When the workflow itself polls; null: listeners look for news, and ask for a poll when there is some. */
  nextPollAt: number | null;
  /** When the workflow compares; null: a listener asks for it when something differs. */
  nextAuditAt: number | null;
  importMode: ImportMode;
  /** The subscription; `renewAt` null: none was requested. null: the provider does not push. */
  subscription: { renewAt: number | null } | null;
  keepWarm: KeepWarm;
  importRunning: boolean;
  /** An import under way moves the cursor: polls wait for it. */
  cursorLaneTaken: boolean;
  /** null for passwords. */
  token: {
    issuedAt: number;
    expiresAt: number;
    refused: boolean;
    strict: boolean;
    /** It ended trouble. */
    recovered: boolean;
    keepAliveMs: number;
  } | null;
  /** When a refused password is tried again by itself; null: it is not. */
  passwordRetryAt: number | null;
  /** When the person who must act is reminded; null: not at all. */
  reminderAt: number | null;
  /** When a refresh token in doubt is probed; null without doubt. */
  probeAt: number | null;
}

export interface Due {
  deed: Deed;
  at: number;
}

/** How often a channel looks whether its import still runs, in ms. */
const LOOK_MS = 60_000;

/**
 * The next deed and its time; null when the channel waits for a fact (a reauthorization, for one). A disconnecting
 * channel does nothing else. An overdue deed is due now. Deeds of the same time come in this order: the token before
 * the deeds that need it.
 */
export function nextDue(facts: ChannelFacts, now: number): Due | null {
  if (facts.status === 'disconnecting') return { deed: 'disconnect', at: Math.max(now, facts.retryAt ?? now) };
  if (facts.status === 'disconnected') return null;
  const dues: Due[] = [];
  const add = (deed: Deed, at: number | null) => at !== null && dues.push({ deed, at: Math.max(now, at) });
  add('refresh', nextRefreshAt(facts, now));
  add('check', nextCheckAt(facts, now));
  add('renew', nextRenewalAt(facts, now)); // before the poll, which finds what came before the subscription began
  add('poll', nextPollAt(facts, now));
  add('audit', nextAuditAt(facts, now));
  add('remind', isOneOf(NEEDS_PERSON, facts.status) ? facts.reminderAt : null);
  add('look', facts.importRunning && isOneOf(WORKING, facts.status) ? now + LOOK_MS : null);
  return dues.reduce<Due | null>((first, due) => (first === null || due.at < first.at ? due : first), null);
}

/**
 * When the token is refreshed next; null for a password and for a channel that waits for a person. A reader's request
 * (made after this token came) or a refused token means now, but never before the retry time: many readers must not
 * hammer a sick provider.
 */
export function nextRefreshAt(facts: ChannelFacts, now: number): number | null {
  const { token, status } = facts;
  if (!token || !isOneOf(HOLDS_GRANT, status)) return null;
  const failed = facts.trouble === 'credential' || facts.waitsForCanary;
  const held = failed || facts.suspected === 'credential' || status === 'blocked';
  const earliest = held ? (facts.retryAt ?? now) : 0;
  // A failed refresh is due again at its retry time.
  if (failed && facts.retryAt !== null) return Math.max(earliest, facts.probeAt ?? 0);
  const requested = facts.refreshRequestedAt !== null && facts.refreshRequestedAt > token.issuedAt;
  // A report is checked with the token itself first: a wrong report costs one call and no refresh.
  const isCheckedFirst = token.refused && facts.checkRequestedAt !== null && facts.checkRequestedAt <= now;
  const scheduled = scheduledRefreshAt(facts, token);
  const isWanted = (requested || token.refused) && !isCheckedFirst && status !== 'blocked';
  if (!isWanted) return Math.max(scheduled, earliest, facts.probeAt ?? 0);
  const wantedAt = token.refused ? now : Math.max(now, facts.refreshRequestedAt ?? now);
  return Math.max(Math.min(wantedAt, Math.max(now, scheduled)), earliest, facts.probeAt ?? 0);
}

function scheduledRefreshAt(facts: ChannelFacts, token: NonNullable<ChannelFacts['token']>): number {
  const sleeps = facts.keepWarm === 'when_used' || facts.status === 'paused';
  if (sleeps) return token.issuedAt + token.keepAliveMs;
  return refreshDueAt({
    channelId: facts.channelId,
    issuedAtMs: token.issuedAt,
    expiresAtMs: token.expiresAt,
    strict: token.strict,
    recovered: token.recovered,
  });
}

/** A report is checked at once, an account in trouble or under suspicion at its retry time, a refused password sparsely. */
function nextCheckAt(facts: ChannelFacts, now: number): number | null {
  if (facts.status === 'reauth_required') return facts.passwordRetryAt;
  const requestedAt = facts.checkRequestedAt;
  const ownAt = ownCheckAt(facts, now);
  if (requestedAt === null || ownAt === null) return requestedAt ?? ownAt;
  return Math.min(requestedAt, ownAt);
}

function ownCheckAt(facts: ChannelFacts, now: number): number | null {
  if (facts.suspected === 'access') return facts.retryAt ?? now;
  const blockedAccount = facts.status === 'blocked' && facts.trouble === 'access';
  const unpolled = isOneOf(WORKING, facts.status) && facts.trouble === 'access' && facts.importMode === 'off';
  return blockedAccount || unpolled ? facts.retryAt : null;
}

/** A `continuous` channel has a subscription; in another mode its subscription is ended. */
function nextRenewalAt(facts: ChannelFacts, now: number): number | null {
  const { subscription, importMode } = facts;
  if (subscription === null || !isOneOf(WORKING, facts.status)) return null;
  if (subscription.renewAt === null && importMode !== 'continuous') return null;
  return unlessHeld(facts, subscription.renewAt ?? now, now);
}

/**
 * A poll needs the account and a token: while trouble denies it either, it waits for the retry time. Trouble of the account
 * is retried by a poll; else one is due on request alone, because listeners look for news.
 */
function nextPollAt(facts: ChannelFacts, now: number): number | null {
  if (facts.importMode === 'off' || facts.cursorLaneTaken || !isOneOf(WORKING, facts.status)) return null;
  const planned = facts.trouble === 'access' ? (facts.nextPollAt ?? now) : facts.nextPollAt;
  const at = facts.pollRequestedAt === null ? planned : now;
  return at === null ? null : unlessHeld(facts, at, now);
}

/**
 * Only `continuous` channels are compared. While an import runs, its unfetched messages would look like missed ones.
 */
function nextAuditAt(facts: ChannelFacts, now: number): number | null {
  if (facts.importMode !== 'continuous' || facts.importRunning || !isOneOf(WORKING, facts.status)) return null;
  return facts.nextAuditAt === null ? null : unlessHeld(facts, facts.nextAuditAt, now);
}

function unlessHeld(facts: ChannelFacts, at: number, now: number): number {
  const withoutToken = facts.trouble === 'credential' && isSpent(facts.token, now);
  const held = facts.trouble === 'access' || facts.suspected === 'access' || withoutToken;
  return held ? Math.max(at, facts.retryAt ?? at) : at;
}
