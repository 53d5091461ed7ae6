import type { Context } from './context.ts';
import { StartRefused } from './start-refused.ts';
import { tryRoleAcrossTenants } from '../db/across-tenants/reach.ts';
import { findLoginFacts } from '../db/login-facts.ts';
import { findPooling } from '../db/pooling.ts';
import type { Program } from '../db/roles.ts';

/**
 * Who this process is to PostgreSQL, and what it may rest on. Throws where it could not work; a login that may do more
 * than it needs is a warning, so that one address serves for everything on a first try.
 */
export async function checkDatabase(context: Context, program: Program): Promise<void> {
  await checkPooling(context);
  warnOfUnverified(context);
  const { database, logger } = context;
  const login = await findLoginFacts(database, program);
  if (login.missingRoles.length > 0) {
    const roles = login.missingRoles.join(', ');
    throw new StartRefused(
      'database_role_missing',
      `DATABASE_URL logs in as ${login.name}, which may not take the roles ${roles} of the ${program}. Run node migrate.ts ` +
        `as the owner; for a login of another name: GRANT ${roles} TO ${login.name} WITH INHERIT FALSE, SET TRUE`,
    );
  }
  await database.outsideTenants(async () => {});
  await tryRoleAcrossTenants(database);
  if (login.isPowerful || login.ownsTables) {
    logger.warn(
      { login: login.name },
      'DATABASE_URL logs in as a superuser or as the owner of the tables: row-level security does not hold it. Give every ' +
        'process a login of its own, and DATABASE_OWNER_URL to node migrate.ts',
    );
  }
  if (login.isUnlimited) {
    logger.warn(
      { login: login.name },
      'The login of DATABASE_URL has no statement_timeout, lock_timeout or idle_in_transaction_session_timeout',
    );
  }
}

/** What encrypts without a look at the certificate takes any server in between for PostgreSQL. */
function warnOfUnverified({ config, logger }: Context): void {
  const sslmode = new URL(config.database.url).searchParams.get('sslmode');
  if (sslmode === null || sslmode === 'disable' || sslmode === 'verify-full') return;
  logger.warn({ sslmode }, 'DATABASE_URL does not verify its server: set sslmode=verify-full');
}

async function checkPooling({ config: { database } }: Context): Promise<void> {
  const { isPooled, keepsPreparedStatements } = await findPooling(database.url);
  if (!keepsPreparedStatements && database.prepare) {
    throw new StartRefused(
      'prepared_statements_lost',
      'DATABASE_URL is a pooler that keeps no prepared statements: set DATABASE_PREPARE=off, or let it keep them ' +
        '(PgBouncer 1.21 and max_prepared_statements)',
    );
  }
  if (isPooled && database.directUrl === null) {
    throw new StartRefused(
      'database_direct_url_missing',
      'DATABASE_URL is a transaction-mode pooler, through which LISTEN hears nothing: set DATABASE_DIRECT_URL to the server itself',
    );
  }
}
