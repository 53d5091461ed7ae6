/*
 * When things are due. Pure; all times in ms since the epoch, all durations in ms.
 */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/**
 * How long an access token lives from the answer that brought it, in ms; `defaultLifeSeconds` where the answer does not
 * say (RFC 6749 section 5.1 only recommends it). A life of 0 counts as not said: believing it would refresh without end.
 */
export function tokenLifeMs(
  { expiresInSeconds }: { expiresInSeconds: number | null },
  { defaultLifeSeconds }: { defaultLifeSeconds: number },
): number {
  return 1000 * (expiresInSeconds || defaultLifeSeconds);
}

interface TokenLife {
  channelId: string;
  issuedAtMs: number;
  expiresAtMs: number;
  strict: boolean;
}

/**
 * When to refresh a token ahead of its expiry: tolerant providers at expiry − max(5 min, 10 % of life), strict rotation
 * at half-life, tokens that live under 10 minutes at 70 %. Jittered earlier by up to 5 % of the life with a hash of the
 * channel's id, so that channels connected together do not stay together. Too early costs a request; too late costs a
 * reader a wait.
 */
export function refreshDueAt({ channelId, issuedAtMs, expiresAtMs, strict }: TokenLife): number {
  const lifeMs = Math.max(0, expiresAtMs - issuedAtMs);
  const leadMs = leadOf(lifeMs, strict);
  return Math.round(expiresAtMs - leadMs - lifeMs * 0.05 * jitterOf(channelId));
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

/**
 * How long to wait after the n-th failure in a row: 1 s, 2 s, 4 s … up to 15 min, without end, longer if the provider
 * says so. A longer ceiling would notice a recovery late; a shorter one would hammer a sick provider. A provider that
 * names a wait is busy, not sick: it is asked again after a minute at most, unless it named more.
 */
export function backoffMs(failures: number, retryAfterMs: number | null): number {
  const ceilingMs = retryAfterMs === null ? 15 * MINUTE_MS : MINUTE_MS;
  const growing = Math.min(ceilingMs, 1000 * 2 ** Math.min(20, Math.max(0, failures - 1)));
  return Math.max(growing, retryAfterMs ?? 0);
}

/**
 * How long to wait after a subscription was refused n times in a row: 15 s, 30 s … up to 6 h, longer if the provider
 * says so. Polls find the news meanwhile.
 */
export function renewalRetryMs(failures: number, retryAfterMs: number | null): number {
  const growing = Math.min(6 * HOUR_MS, 15_000 * 2 ** Math.min(20, Math.max(0, failures - 1)));
  return Math.max(growing, retryAfterMs ?? 0);
}

/** `blocked` is retried hourly for a day, then daily: the provider does not tell us when it is unblocked. */
export function blockedRetryMs(blockedForMs: number): number {
  return blockedForMs < 24 * HOUR_MS ? HOUR_MS : 24 * HOUR_MS;
}

/** 0 to 1, the same for an id for ever (FNV-1a). */
export function jitterOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193) >>> 0;
  return hash / 0xffffffff;
}
