import journal from './migrations/meta/_journal.json' with { type: 'json' };

/** When the newest migration of this code was written, in ms: a database that has it is not behind. */
export const NEWEST_MIGRATION = Math.max(...journal.entries.map((entry) => entry.when));
