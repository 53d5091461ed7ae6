const HOUR_MS = 3_600_000;

/** How long a channel can go back to the access that it had before a change, in ms. */
export const WAY_BACK_MS = HOUR_MS;
/** How long the revocation of a former access is tried before its credential is shredded without it, in ms. */
export const REVOKE_FOR_MS = 24 * HOUR_MS;
