/*
 * When things are due. Pure; all times in ms since the epoch, all durations in ms.
 */

const MINUTE_MS = 60_000;

/** No access token lives longer unless its provider declares it, in seconds. */
const LONGEST_LIFE_SECONDS = 86_400;

/**
 * How long an access token lives from the answer that brought it, in ms; `defaultLifeSeconds` where the answer does not
 * say (RFC 6749 section 5.1 only recommends it). A life of 0 counts as not said: believing it would refresh without
 * end. A longer life than the provider can mean is cut: too short costs a refresh, too long serves an expired token.
 */
export function tokenLifeMs(
  { expiresInSeconds }: { expiresInSeconds: number | null },
  given: { defaultLifeSeconds: number; longestLifeSeconds?: number },
): number {
  const { defaultLifeSeconds, longestLifeSeconds = LONGEST_LIFE_SECONDS } = given;
  return 1000 * Math.min(expiresInSeconds || defaultLifeSeconds, longestLifeSeconds);
}

interface TokenLife {
  channelId: string;
  issuedAtMs: number;
  expiresAtMs: number;
  strict: boolean;
  /** It ended trouble, which other channels may have had until the same moment. */
  recovered: boolean;
}

/** The part of its life by which a token is refreshed earlier than it must be, at most. */
const SPREAD = 0.05;
const SPREAD_AFTER_TROUBLE = 0.3;

/**
 * When to refresh a token ahead of its expiry: tolerant providers at expiry − max(5 min, 10 % of life), strict rotation
 * at half-life, tokens that live under 10 minutes at 70 %. Jittered earlier by up to 5 % of the life with a hash of the
 * channel's id, so that channels connected together do not stay together; by up to 30 % once after trouble, which ends for
 * many channels at once. Too early costs a request; too late costs a reader a wait.
 */
export function refreshDueAt({ channelId, issuedAtMs, expiresAtMs, strict, recovered }: TokenLife): number {
  const lifeMs = Math.max(0, expiresAtMs - issuedAtMs);
  const leadMs = leadOf(lifeMs, strict);
  return Math.round(expiresAtMs - leadMs - lifeMs * (recovered ? SPREAD_AFTER_TROUBLE : SPREAD) * jitterOf(channelId));
}

function leadOf(lifeMs: number, strict: boolean): number {
  if (strict) return lifeMs / 2;
  if (lifeMs < 10 * MINUTE_MS) return lifeMs * 0.3;
  return Math.max(5 * MINUTE_MS, lifeMs * 0.1);
}

/**
 * How much life a token must have left to be served without a refresh: more than min(60 s, 20 % of its life)
 * (rule 6).
 */
export function freshLifeMs(lifeMs: number): number {
  return Math.min(60_000, lifeMs * 0.2);
}

/** The life a token needs to be served when the refresh is late: min(5 s, 5 % of its life). */
export function leastLifeMs(lifeMs: number): number {
  return Math.min(5_000, lifeMs * 0.05);
}

/** When a token has too little life left to be served to any reader, in ms since the epoch. */
export function spentAt({ issuedAt, expiresAt }: { issuedAt: number; expiresAt: number }): number {
  return expiresAt - leastLifeMs(expiresAt - issuedAt);
}

/** Whether a token serves no call any more; never of a password, which has none. */
export const isSpent = (token: { issuedAt: number; expiresAt: number; refused: boolean } | null, now: number) =>
  token !== null && (token.refused || spentAt(token) <= now);

interface ServedToken {
  issuedAt: Date | null;
  expiresAt: Date | null;
  accessTokenRefusedAt: Date | null;
}

/** Until when the access token is served, in ms since the epoch; null without one that has an end. */
export function servedUntilMs(credential: ServedToken | null, now: Date): number | null {
  if (!credential?.issuedAt || !credential.expiresAt) return null;
  if (credential.accessTokenRefusedAt) return now.getTime();
  return spentAt({ issuedAt: credential.issuedAt.getTime(), expiresAt: credential.expiresAt.getTime() });
}

/** 0 to 1, the same for an id for ever (FNV-1a). */
export function jitterOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193) >>> 0;
  return hash / 0xffffffff;
}
