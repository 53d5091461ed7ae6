// `node migrate.ts`: brings the database to this version's tables and gives every role its rights. In production it runs
// once before server, worker and listener of a new version, as the owner of the tables (DATABASE_OWNER_URL). With
// DATABASE_SERVER_PASSWORD, DATABASE_WORKER_PASSWORD and DATABASE_LISTENER_PASSWORD it lets the processes log in as
// mooring_server, mooring_worker and mooring_listener. `npm start` does the same by itself.
import { ensureLogins } from './db/logins.ts';
import { migrateDatabase } from './db/migrate.ts';
import { readMigrateConfig } from './runtime/config.ts';

const { ownerUrl, hasOwner, loginPasswords } = readMigrateConfig();
if (!hasOwner) {
  console.warn('DATABASE_OWNER_URL is not set: DATABASE_URL owns the tables; give every process a login of its own');
}
await migrateDatabase(ownerUrl);
if (loginPasswords) await ensureLogins(ownerUrl, loginPasswords);
