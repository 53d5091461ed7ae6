/** The processes that connect to PostgreSQL, each by a login of its own. */
export type Program = 'server' | 'worker' | 'listener';
export const PROGRAMS: readonly Program[] = ['server', 'worker', 'listener'];

/** The login that the migrations prepare for a program, and that `ensureLogins` gives a password. */
export const loginOf = (program: Program): string => `mooring_${program}`;

/** What a connection calls itself. The release before called every connection `mooring`. */
export const applicationName = (program: Program): string => `mooring-${program}`;

/**
 * Which role a program's transactions take (`rights.sql` says what each may do). The roles of the vault may read what
 * is sealed or encrypted beside what they inherit of the other two.
 */
export const ROLES_OF: Record<Program, { tenant: string; acrossTenants: string }> = {
  server: { tenant: 'mooring_app', acrossTenants: 'mooring_across_tenants' },
  worker: { tenant: 'mooring_vault', acrossTenants: 'mooring_vault_across_tenants' },
  listener: { tenant: 'mooring_vault', acrossTenants: 'mooring_across_tenants' },
};
