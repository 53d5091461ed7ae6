// `node migrate.ts`: brings the database to this version's tables and gives every role its rights. In production it runs
// once before server, worker and listener of a new version, as the owner of the tables (DATABASE_OWNER_URL). With
// DATABASE_SERVER_PASSWORD, DATABASE_WORKER_PASSWORD and DATABASE_LISTENER_PASSWORD it lets the processes log in as
// mooring_server, mooring_worker and mooring_listener. `npm start` does the same by itself.
import { ensureLogins } from './db/logins.ts';
import { migrateDatabase } from './db/migrate.ts';
import { readMigrateConfig } from './runtime/config.ts';
import { createLogger } from './runtime/logger.ts';

const { ownerUrl, hasOwner, loginPasswords } = readMigrateConfig();
const logger = createLogger('migrate', 'info');
if (!hasOwner) {
  logger.warn('DATABASE_OWNER_URL is not set, and DATABASE_URL owns the tables: give every process a login of its own');
}
const { hidesVault } = await migrateDatabase(ownerUrl, { say: (words) => logger.info(words) });
if (!hidesVault) {
  logger.warn('Processes of the release before are connected: when they have stopped, run node migrate.ts again');
}
if (loginPasswords) await ensureLogins(ownerUrl, loginPasswords);
