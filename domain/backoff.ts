import { jitterOf } from './schedule.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** How the gaps between tries grow. All durations in ms. */
export interface Backoff {
  firstMs: number;
  /** Each gap is as many times the one before. */
  factor: number;
  longestMs: number;
  /** No gap is shorter. */
  leastMs?: number;
  /** The longest gap where the provider names a wait: it is busy and not sick, and is asked again soon after. */
  longestIfAskedMs?: number;
  /** A provider that names a longer wait is not believed. */
  longestAskedMs?: number;
  /** The parts of a gap that it may be shorter or longer by, so that what failed together does not return together. */
  spread?: readonly [number, number];
}

/** Too long leaves a healed provider unnoticed; too short hammers a sick one. */
const PROVIDER = {
  firstMs: SECOND_MS,
  factor: 2,
  longestMs: 15 * MINUTE_MS,
  longestIfAskedMs: MINUTE_MS,
} as const;

export const BACKOFF = {
  /** A refresh, check or poll that the provider refused or did not answer. */
  refused: { ...PROVIDER, longestAskedMs: DAY_MS, spread: [0, 0.1] },
  /** The app's own client was refused: the operator is at work on it, so the one channel that tries looks again soon. */
  appRefused: { firstMs: SECOND_MS, factor: 2, longestMs: 2 * MINUTE_MS, spread: [-0.5, 0.1] },
  /** A deed that did not end, for a reason of our own. */
  putOff: { firstMs: SECOND_MS, factor: 2, longestMs: 15 * MINUTE_MS },
  /** Work that was turned away, because too much of its tenant or server hangs. */
  crowded: { firstMs: 15 * SECOND_MS, factor: 1, longestMs: 15 * SECOND_MS, spread: [0, 1] },
  /** A poll that was put off: no reader waits for it as for a token. */
  pollPutOff: { firstMs: SECOND_MS, factor: 2, longestMs: HOUR_MS, leastMs: MINUTE_MS },
  /** The same of an audit, which looks two days back, and of a renewal: polls find the news meanwhile. */
  routinePutOff: { firstMs: HOUR_MS, factor: 1, longestMs: HOUR_MS },
  /** A revocation that the provider did not take. */
  revocation: { firstMs: SECOND_MS, factor: 2, longestMs: 15 * MINUTE_MS },
  /** A slice of an import that the provider refused. */
  slice: PROVIDER,
  /** A slice that breaks for a reason of our own. */
  sliceBroken: { firstMs: MINUTE_MS, factor: 2, longestMs: HOUR_MS },
  /** A slice without a token: the channel's workflow refreshes meanwhile. */
  sliceWithoutToken: { firstMs: SECOND_MS, factor: 2, longestMs: 30 * SECOND_MS },
  /** A subscription that the provider refused: polls find the news meanwhile. */
  renewal: { firstMs: 15 * SECOND_MS, factor: 2, longestMs: 6 * HOUR_MS },
  /** A held connection that ended. */
  connection: { firstMs: 5 * SECOND_MS, factor: 2, longestMs: HOUR_MS, longestAskedMs: DAY_MS },
  /** The same where a connection is not wanted: of a channel in trouble, which it may be the cause of, or by its server. */
  unwantedConnection: { firstMs: 15 * MINUTE_MS, factor: 2, longestMs: DAY_MS },
  /** A server that tells of no news; after an update it may. */
  unsupportedConnection: { firstMs: DAY_MS, factor: 1, longestMs: DAY_MS },
  /** An adoption whose answer is stored. */
  adoption: { firstMs: 5 * SECOND_MS, factor: 2, longestMs: 5 * MINUTE_MS },
  /** A webhook endpoint whose circuit is open. Never longer than a delivery's own gap after as many failures. */
  circuit: { firstMs: 10 * SECOND_MS, factor: 2, longestMs: 5 * MINUTE_MS, longestAskedMs: HOUR_MS },
  /** A delivery whose workflow Temporal did not start. */
  deliveryStart: { firstMs: 5 * SECOND_MS, factor: 2, longestMs: 5 * MINUTE_MS },
  /** A nudge that the workflow does not take: signals of the reconcile. */
  nudge: { firstMs: 15 * SECOND_MS, factor: 2, longestMs: 15 * MINUTE_MS },
  /** The same of a workflow that is overdue. The first gap is longer than a refresh may take. */
  overdue: { firstMs: 90 * SECOND_MS, factor: 2, longestMs: 15 * MINUTE_MS },
  /** A command that a channel's workflow could not take: its run ends, or too many wait. */
  command: { firstMs: 100, factor: 1.5, longestMs: SECOND_MS, spread: [0, 0.5] },
  /** A mail that the mail server did not take. */
  mail: { firstMs: 30 * SECOND_MS, factor: 2, longestMs: HOUR_MS, spread: [0, 0.1] },
} as const satisfies Record<string, Backoff>;

/** The canary of an incident tries within its gap and this, in ms; else another channel takes its place. */
export const CANARY_LEASE_MS = MINUTE_MS;
/** A channel that waits for the canary is woken when the incident ends. This is for a signal that gets lost, in ms. */
const WAITING_FOR_CANARY_MS = 15 * MINUTE_MS;
/** When a channel that waits for the canary looks again, not all at once. */
export const waitsUntil = (channelId: string, now: Date) =>
  new Date(now.getTime() + WAITING_FOR_CANARY_MS * (1 + spreadOf({ spread: [0, 0.5] }, channelId)));

/**
 * The gap after the n-th failure in a row, at least the wait that the provider named. `spreadBy` is an id that makes
 * the gap one's own: the same for the same id and number.
 */
export function gapMs(
  backoff: Backoff,
  failures: number,
  { retryAfterMs = null, spreadBy = '' }: { retryAfterMs?: number | null; spreadBy?: string } = {},
): number {
  const { firstMs, factor, longestMs, leastMs = 0, longestIfAskedMs = longestMs, longestAskedMs = Infinity } = backoff;
  const ceilingMs = retryAfterMs === null ? longestMs : longestIfAskedMs;
  const growingMs = Math.max(leastMs, Math.min(ceilingMs, firstMs * factor ** Math.max(0, failures - 1)));
  const wantedMs = Math.max(growingMs, Math.min(retryAfterMs ?? 0, longestAskedMs));
  return Math.round(wantedMs * (1 + spreadOf(backoff, `${spreadBy} ${failures}`)));
}

/** Tries that someone else's act may end: hourly for a day, then daily. They do not tell us when they have acted. */
export function waitingGapMs(waitingForMs: number, spreadBy: string | null = null): number {
  const plainMs = waitingForMs < DAY_MS ? HOUR_MS : DAY_MS;
  return spreadBy === null ? plainMs : Math.round(plainMs * (1 + spreadOf(BACKOFF.refused, spreadBy)));
}

/** A part of an account that is refused: soon at first, for it may be busy, then hourly for a day, then daily. */
export function refusedGapMs(refusedForMs: number): number {
  return refusedForMs < HOUR_MS ? Math.max(30 * SECOND_MS, refusedForMs) : waitingGapMs(refusedForMs);
}

/** When each try is made after the refusal, in ms. More of them would bring the account nearer to a lock-out. */
const TRIES_AFTER_MS = [10 * MINUTE_MS, HOUR_MS, DAY_MS];
/** Channels of one server are tried up to this part of the time apart. */
const TRY_SPREAD = [0, 0.05] as const;
/** Two tries are this far apart, also when the first came late, in ms. */
const LEAST_GAP_MS = 10 * MINUTE_MS;
/** A try whose process died counts as under way for this long, in ms. */
const LONGEST_TRY_MS = 2 * MINUTE_MS;

/** The sparse tries of a password that had worked and was refused. Times in ms since the epoch. */
export interface PasswordRetries {
  /** Tries that began; each is counted before its login, so a process that dies in between repeats none. */
  tries: number;
  /** null: no further try. */
  nextAt: number | null;
  /** null: no try is under way. */
  tryingSince: number | null;
}

/** When the try after `tries` others is made; null after the last. */
export function passwordRetryAt(
  channelId: string,
  { tries, refusedAt, now }: { tries: number; refusedAt: number; now: number },
): number | null {
  const afterMs = TRIES_AFTER_MS[tries];
  if (afterMs === undefined) return null;
  const wantedAt = refusedAt + afterMs * (1 + spreadOf({ spread: TRY_SPREAD }, channelId));
  return Math.round(Math.max(wantedAt, now + LEAST_GAP_MS));
}

/** Whether a try runs, which may end the person's task: no reminder is sent meanwhile. */
export function isPasswordTryUnderWay(retries: PasswordRetries | null, now: number): boolean {
  return passwordTryUntil(retries, now) !== null;
}

/** Until when a try counts as under way, in ms since the epoch; null: none is. */
export function passwordTryUntil(retries: PasswordRetries | null, now: number): number | null {
  const tryingSince = retries?.tryingSince ?? null;
  return tryingSince !== null && now - tryingSince < LONGEST_TRY_MS ? tryingSince + LONGEST_TRY_MS : null;
}

/** The gap before each attempt of a webhook delivery, 75 h in all (Standard Webhooks, "Deliverability"). */
export const DELIVERY_GAPS_MS: readonly number[] = [
  0,
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  14 * HOUR_MS,
  20 * HOUR_MS,
  24 * HOUR_MS,
];
const DELIVERY_SPREAD = [-0.1, 0.1] as const;
/** A delivery that waits for its endpoint's circuit for as long as its attempts would last is given up, in ms. */
export const LONGEST_WAIT_MS = DELIVERY_GAPS_MS.reduce((sum, gap) => sum + gap, 0);

/**
 * The gap after so many failed attempts of a delivery; null after the last. Never shorter than the receiver asked for,
 * up to a day: later the event would be stale.
 */
export function deliveryGapMs(deliveryId: string, attempts: number, retryAfterMs: number | null): number | null {
  const plannedMs = DELIVERY_GAPS_MS[attempts];
  if (plannedMs === undefined) return null;
  const spreadMs = plannedMs * spreadOf({ spread: DELIVERY_SPREAD }, `${deliveryId}/${attempts}`);
  return Math.round(Math.max(plannedMs + spreadMs, Math.min(retryAfterMs ?? 0, DAY_MS)));
}

function spreadOf({ spread = [0, 0] }: Pick<Backoff, 'spread'>, id: string): number {
  const [from, to] = spread;
  return from + (to - from) * jitterOf(id);
}
