import type { Database } from './client.ts';
import { withoutValues } from './database-error.ts';
import { ROLES_OF } from './roles.ts';
import type { Program } from './roles.ts';

/** Who a process is to PostgreSQL. */
export interface LoginFacts {
  name: string;
  /** A superuser, or one that may pass row-level security by or make roles. */
  isPowerful: boolean;
  ownsTables: boolean;
  /** Roles of the program that it may not take. */
  missingRoles: string[];
  /** Whether a statement or a transaction of it may last for ever. */
  isUnlimited: boolean;
}

export async function findLoginFacts(database: Database, program: Program): Promise<LoginFacts> {
  const { tenant, acrossTenants } = ROLES_OF[program];
  const [row] = await withoutValues(database.app<LoginFacts[]>`
    select session_user::text as name,
      (select rolsuper or rolbypassrls or rolcreaterole from pg_roles where rolname = session_user) as "isPowerful",
      exists (select from pg_class c where c.relnamespace = 'public'::regnamespace
        and c.relowner = (select oid from pg_roles where rolname = session_user)) as "ownsTables",
      array(select role from unnest(array[${tenant}, ${acrossTenants}]) as role
        where to_regrole(role) is null or not pg_has_role(session_user, to_regrole(role), 'SET')) as "missingRoles",
      current_setting('statement_timeout') = '0' or current_setting('lock_timeout') = '0'
        or current_setting('idle_in_transaction_session_timeout') = '0' as "isUnlimited"`);
  if (!row) throw new Error('PostgreSQL does not say who is logged in');
  return row;
}
