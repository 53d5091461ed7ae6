const DAY_MS = 24 * 3_600_000;

/** When reminders are due, by the policy. */
export interface Ladder {
  /** Days from the first alert to each reminder, in any order. */
  remindersDays: readonly number[];
  /** Days between those that follow; null: none follows. */
  reminderRepeatDays: number | null;
  adminsJoinAfterDays: number;
}

/** How far an incident is. */
export interface Progress {
  /** When it first asked a person. */
  askedAt: Date;
  /** When the last reminder was due or, later, sent; null: none was. */
  remindedAt: Date | null;
  /** Reminders so far. */
  reminders: number;
}

export interface Reminder {
  at: Date;
  /** 1 for the first of its incident. */
  number: number;
  /** The admins are reminded as well as the owner. */
  adminsJoin: boolean;
  /** The day on which the admins join is none of the owner's: they alone are told. */
  adminsAlone: boolean;
}

/**
 * The next reminder of an incident; null: no more follow. It counts from the first alert, not from later events: of
 * several that were missed one is due, now.
 */
export function nextReminder(ladder: Ladder, { askedAt, remindedAt, reminders }: Progress, now: Date): Reminder | null {
  const passedMs = remindedAt === null ? 0 : Math.max(0, remindedAt.getTime() - askedAt.getTime());
  // A policy without any reminder has none for the admins to join.
  if (ladder.remindersDays.length === 0 && ladder.reminderRepeatDays === null) return null;
  const ownersMs = nextStepMs(ladder, passedMs) ?? Infinity;
  const joinMs = Math.round(ladder.adminsJoinAfterDays * DAY_MS);
  const stepMs = Math.min(ownersMs, joinMs > passedMs ? joinMs : Infinity);
  if (stepMs === Infinity) return null;
  const afterMs = Math.max(stepMs, now.getTime() - askedAt.getTime());
  const at = new Date(askedAt.getTime() + afterMs);
  return { at, number: reminders + 1, adminsJoin: afterMs >= joinMs, adminsAlone: afterMs < ownersMs };
}

/** The owner's first step after `passedMs` from the first alert; null: none follows. */
function nextStepMs({ remindersDays, reminderRepeatDays }: Ladder, passedMs: number): number | null {
  const steps = remindersDays.map((days) => Math.round(days * DAY_MS));
  const next = steps.filter((step) => step > passedMs);
  if (next.length > 0) return Math.min(...next);
  if (reminderRepeatDays === null) return null;
  const lastMs = Math.max(0, ...steps);
  const everyMs = Math.round(reminderRepeatDays * DAY_MS);
  return lastMs + (Math.floor((passedMs - lastMs) / everyMs) + 1) * everyMs;
}
