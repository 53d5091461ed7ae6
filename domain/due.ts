import type { ImportMode, KeepWarm } from './access-type.ts';
import type { Status } from './channel.ts';
import { leastLifeMs, refreshDueAt } from './schedule.ts';

/** What a channel's workflow can do next. */
export type Deed = 'disconnect' | 'refresh' | 'check' | 'renew' | 'poll' | 'audit' | 'look';

/** What the decision is made from; times in ms since the epoch. */
export interface ChannelFacts {
  channelId: string;
  status: Status;
  /** The credential or the account behind it is in trouble; null without trouble. */
  trouble: 'credential' | 'access' | null;
  /** The half whose refusal has to be seen again before it is believed: tried at `retryAt`, not before. */
  suspected: 'credential' | 'access' | null;
  retryAt: number | null;
  refreshRequestedAt: number | null;
  checkRequestedAt: number | null;
  pollRequestedAt: number | null;
  nextPollAt: number | null;
  /** null: a day after the connection. */
  nextAuditAt: number | null;
  createdAt: number;
  importMode: ImportMode;
  /** The provider's own telling of news; `renewAt` null: none was asked for. null: this provider does not tell. */
  subscription: { renewAt: number | null } | null;
  keepWarm: KeepWarm;
  importRunning: boolean;
  /** An import under way moves the cursor: polls wait for it. */
  cursorLaneTaken: boolean;
  /** null for passwords. */
  token: { issuedAt: number; expiresAt: number; refused: boolean; strict: boolean; keepAliveMs: number } | null;
  /** An attempt whose outcome nobody knows is probed once, at this time; null without one. */
  probeAt: number | null;
}

export interface Due {
  deed: Deed;
  at: number;
}

/** The first comparison of what routine brought, after the connection, in ms. */
const FIRST_AUDIT_MS = 23 * 3_600_000;
/** How often a channel with an import under way looks whether that is still so, in ms. */
const LOOK_MS = 60_000;

/**
 * What is due next, and when; null when nothing is until somebody says so (a reauthorization, for one). Whoever leaves
 * does nothing else. What is overdue is due now, and deeds of the same time come in this order: a token comes before
 * what needs one.
 */
export function nextDue(facts: ChannelFacts, now: number): Due | null {
  if (facts.status === 'disconnecting') return { deed: 'disconnect', at: Math.max(now, facts.retryAt ?? now) };
  if (facts.status === 'disconnected') return null;
  const dues: Due[] = [];
  const add = (deed: Deed, at: number | null) => at !== null && dues.push({ deed, at: Math.max(now, at) });
  add('refresh', nextRefreshAt(facts, now));
  add('check', nextCheckAt(facts, now));
  add('renew', nextRenewalAt(facts, now)); // before a poll, which finds what came before the subscription stood
  add('poll', nextPollAt(facts, now));
  add('audit', nextAuditAt(facts, now));
  add('look', facts.importRunning && isLive(facts.status) ? now + LOOK_MS : null);
  return dues.reduce<Due | null>((first, due) => (first === null || due.at < first.at ? due : first), null);
}

/**
 * When the token is refreshed next; null when it is not: a password, a channel that waits for a person. A request by
 * a reader (made after this token came) or a refused token counts as now, but never comes before the retry time: a
 * sick provider is not hammered because many are asking.
 */
export function nextRefreshAt(facts: ChannelFacts, now: number): number | null {
  const { token, status } = facts;
  if (!token || !(isLive(status) || status === 'blocked' || status === 'paused')) return null;
  const held = facts.trouble === 'credential' || facts.suspected === 'credential' || status === 'blocked';
  const earliest = held ? (facts.retryAt ?? now) : 0;
  // A refresh that failed is due again when its time has come, whatever had made it due.
  if (held && facts.retryAt !== null && facts.trouble === 'credential') return Math.max(earliest, facts.probeAt ?? 0);
  const requested = facts.refreshRequestedAt !== null && facts.refreshRequestedAt > token.issuedAt;
  // What a report says is tried with the token itself: a wrong report costs one call, and no refresh besides.
  const isCheckedFirst = token.refused && facts.checkRequestedAt !== null;
  const wanted = (requested || token.refused) && !isCheckedFirst;
  const scheduled = wanted && status !== 'blocked' ? now : scheduledRefreshAt(facts, token);
  return Math.max(scheduled, earliest, facts.probeAt ?? 0);
}

function scheduledRefreshAt(facts: ChannelFacts, token: NonNullable<ChannelFacts['token']>): number {
  const sleeps = facts.keepWarm === 'when_used' || facts.status === 'paused';
  if (sleeps) return token.issuedAt + token.keepAliveMs;
  return refreshDueAt({
    channelId: facts.channelId,
    issuedAtMs: token.issuedAt,
    expiresAtMs: token.expiresAt,
    strict: token.strict,
  });
}

/** A reported failure is checked at once; an account in trouble, or suspected of it, when its time has come. */
function nextCheckAt(facts: ChannelFacts, now: number): number | null {
  if (facts.status === 'reauth_required') return null;
  if (facts.checkRequestedAt !== null) return now;
  if (facts.suspected === 'access') return facts.retryAt ?? now;
  const blockedAccount = facts.status === 'blocked' && facts.trouble === 'access';
  const unpolled = isLive(facts.status) && facts.trouble === 'access' && facts.importMode === 'off';
  return blockedAccount || unpolled ? facts.retryAt : null;
}

/** What is imported as it comes is subscribed to; a subscription that nobody wants any more is ended. */
function nextRenewalAt(facts: ChannelFacts, now: number): number | null {
  const { subscription, importMode } = facts;
  if (subscription === null || !isLive(facts.status)) return null;
  if (subscription.renewAt === null && importMode !== 'continuous') return null;
  return unlessHeld(facts, subscription.renewAt ?? now, now);
}

/** A poll needs the account, and a token: while trouble leaves it without one of them, it waits for the next try. */
function nextPollAt(facts: ChannelFacts, now: number): number | null {
  if (facts.importMode === 'off' || facts.cursorLaneTaken || !isLive(facts.status)) return null;
  return unlessHeld(facts, facts.pollRequestedAt === null ? (facts.nextPollAt ?? now) : now, now);
}

/**
 * Only what routine has promised to bring is compared; while an import is under way, what it has not brought yet would
 * look as if it had been missed.
 */
function nextAuditAt(facts: ChannelFacts, now: number): number | null {
  if (facts.importMode !== 'continuous' || facts.importRunning || !isLive(facts.status)) return null;
  return unlessHeld(facts, facts.nextAuditAt ?? facts.createdAt + FIRST_AUDIT_MS, now);
}

function unlessHeld(facts: ChannelFacts, at: number, now: number): number {
  const withoutToken = facts.trouble === 'credential' && isSpent(facts.token, now);
  const held = facts.trouble === 'access' || facts.suspected === 'access' || withoutToken;
  return held ? Math.max(at, facts.retryAt ?? at) : at;
}

const isSpent = (token: ChannelFacts['token'], now: number) =>
  token !== null && (token.refused || token.expiresAt - now <= leastLifeMs(token.expiresAt - token.issuedAt));

const isLive = (status: Status) => status === 'connected' || status === 'degraded';
