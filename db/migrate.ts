import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';

const FOLDER = fileURLToPath(new URL('./migrations', import.meta.url));
/** Any number will do, as long as every Mooring takes the same: two migrating at once would both fail. */
const MIGRATION_LOCK = 4_021_979;

/** Brings the database at `url` to the newest schema. Forward only; safe to call from several processes at once. */
export async function migrateDatabase(url: string): Promise<void> {
  const client = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await client`select pg_advisory_lock(${MIGRATION_LOCK})`;
    await migrate(drizzle(client), { migrationsFolder: FOLDER });
  } finally {
    await client.end({ timeout: 5 });
  }
}
