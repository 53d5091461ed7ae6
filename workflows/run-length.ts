/** A run ends early: nearly every wake replays its history, and a short one is cheap. Quiet refreshes do not count. */
export const CYCLES_PER_RUN = 5;
export const EVENTS_PER_RUN = 90;
/**
 * A refresh that nothing disturbs is the whole life of an idle channel, and every new run is one more action that Temporal
 * bills: about a day of such refreshes is one run. Each leaves this many events.
 */
export const REFRESHES_PER_RUN = 24;
export const EVENTS_PER_REFRESH = 11;
/** The longest history of a run that no command disturbs: a run ends after the cycle that reaches its length. */
export const LONGEST_RUN_EVENTS = EVENTS_PER_RUN + (REFRESHES_PER_RUN + 1) * EVENTS_PER_REFRESH;
