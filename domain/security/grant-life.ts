/** When a grant ends by itself, and when that is to be told. */
export interface GrantLife {
  /** As the provider told it; null: it told no end. */
  grantEndsAt: Date | null;
  /** When the end is near, unless a refresh or a sign-in moves it; null: it was told, or there is none. */
  expiryWarnAt: Date | null;
}

const DAY_MS = 86_400_000;
/** The end is told two sevenths of the life ahead, a week at most. */
const LONGEST_WARNING_MS = 7 * DAY_MS;

/**
 * The life of a grant after an answer of the token endpoint. `before`: of the same grant; null: a person signed in. The end
 * that is told counts where it comes first, else the end of a grant that lies unused. The latter moves with every refresh,
 * so it is kept to the day: a row whose index changes hourly costs more than a day's precision.
 */
export function grantLifeAfter({
  answeredAt,
  lifeSeconds,
  unusedLifeMs,
  before,
}: {
  answeredAt: Date;
  lifeSeconds: number | null;
  unusedLifeMs: number | null;
  before: GrantLife | null;
}): GrantLife {
  const told = lifeSeconds === null ? (before?.grantEndsAt ?? null) : after(answeredAt, lifeSeconds * 1000);
  const grantEndsAt =
    told && before?.grantEndsAt && isAbout(told, before.grantEndsAt, answeredAt) ? before.grantEndsAt : told;
  const unusedEnd = unusedLifeMs === null ? null : answeredAt.getTime() + unusedLifeMs;
  if (grantEndsAt === null || (unusedEnd !== null && unusedEnd < grantEndsAt.getTime())) {
    const warnAt = unusedEnd === null ? null : unusedEnd - warningMs(unusedEnd - answeredAt.getTime());
    return { grantEndsAt, expiryWarnAt: warnAt === null ? null : new Date(warnAt - (warnAt % DAY_MS)) };
  }
  if (grantEndsAt === before?.grantEndsAt) return before;
  const lifeMs = grantEndsAt.getTime() - answeredAt.getTime();
  return { grantEndsAt, expiryWarnAt: after(answeredAt, lifeMs - warningMs(lifeMs)) };
}

/** The remaining life is told in seconds at each answer: what differs by less than a tenth of it is the same end. */
function isAbout(end: Date, other: Date, now: Date): boolean {
  return Math.abs(end.getTime() - other.getTime()) < (end.getTime() - now.getTime()) / 10;
}

const after = (time: Date, ms: number) => new Date(time.getTime() + ms);
const warningMs = (lifeMs: number) => Math.min(LONGEST_WARNING_MS, (lifeMs * 2) / 7);
