// `node migrate.ts`: brings the database to this version's tables. In production it runs once before server and
// worker of a new version; `npm start` does the same by itself.
import { readEnvironment } from './runtime/environment.ts';
import { migrateDatabase } from './db/migrate.ts';

const url = readEnvironment()['DATABASE_URL'];
if (!url) throw new Error('DATABASE_URL must name the database to migrate.');
await migrateDatabase(url);
