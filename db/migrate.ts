import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import postgres from 'postgres';
import { withoutValues } from './database-error.ts';

const FOLDER = fileURLToPath(new URL('./migrations', import.meta.url));
const RIGHTS = readFileSync(new URL('./rights.sql', import.meta.url), 'utf8');
/** Any number will do, as long as every Mooring takes the same: two migrating at once would both fail. */
const MIGRATION_LOCK = 4_021_979;

export interface Migrated {
  /** False while processes of the release before are connected, which read the vault under the server's roles. */
  hidesVault: boolean;
}

/**
 * Brings the database at `url`, which is its owner's, to the newest schema and gives every role its rights. Forward
 * only; safe to call from several processes at once.
 */
export async function migrateDatabase(url: string): Promise<Migrated> {
  const [client, holder] = [0, 1].map(() => postgres(url, { max: 1, onnotice: () => {} })) as [
    postgres.Sql,
    postgres.Sql,
  ];
  try {
    // The lock is a transaction's, on a connection of its own: a session's would not outlive a pooler's next transaction.
    const migrated = holder.begin(async (holding) => {
      await holding`select pg_advisory_xact_lock(${MIGRATION_LOCK})`;
      await migrate(drizzle(client), { migrationsFolder: FOLDER });
      await client.begin((tx) => tx.unsafe(RIGHTS));
      const [row] = await client<Migrated[]>`
        select not has_table_privilege('mooring_app', 'credentials', 'select') as "hidesVault"`;
      return { hidesVault: row?.hidesVault ?? false };
    });
    return await withoutValues(migrated);
  } finally {
    await Promise.all([client, holder].map((each) => each.end({ timeout: 5 })));
  }
}
