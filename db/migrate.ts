import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import postgres from 'postgres';
import { withoutValues } from './database-error.ts';
import { runMigrations } from './run-migrations.ts';
import type { SayMigration } from './run-migrations.ts';

const FOLDER = fileURLToPath(new URL('./migrations', import.meta.url));
const RIGHTS = readFileSync(new URL('./rights.sql', import.meta.url), 'utf8');
/** Any number will do, as long as every Mooring takes the same: two migrating at once would both fail. */
const MIGRATION_LOCK = 4_021_979;

export interface Migrated {
  /** False while processes of the release before are connected, which read the vault under the server's roles. */
  hidesVault: boolean;
}

/** How often a process that waits for another one's migrations looks whether they are done, in ms. */
const LOOK_AGAIN_MS = 200;

/**
 * Brings the database at `url`, which is its owner's, to the newest schema and gives every role its rights. Forward
 * only; safe to call from several processes at once, beside processes of the release before, and again after a kill.
 * @param options.folder another folder of migrations; `say` hears what takes a while
 */
export async function migrateDatabase(
  url: string,
  { folder = FOLDER, say = () => {} }: { folder?: string; say?: SayMigration } = {},
): Promise<Migrated> {
  const [client, holder] = [0, 1].map(() => postgres(url, { max: 1, prepare: false, onnotice: () => {} })) as [
    postgres.Sql,
    postgres.Sql,
  ];
  try {
    return await withoutValues(
      whileAlone(holder, async () => {
        await runMigrations(client, folder, say);
        await client.begin((tx) => tx.unsafe(RIGHTS));
        const [row] = await client<Migrated[]>`
          select not has_table_privilege('mooring_app', 'credentials', 'select') as "hidesVault"`;
        return { hidesVault: row?.hidesVault ?? false };
      }),
    );
  } finally {
    await Promise.all([client, holder].map((each) => each.end({ timeout: 5 })));
  }
}

/**
 * Does the work while no other process migrates. The lock is a transaction's, on a connection of its own: a session's would
 * not outlive a pooler's next transaction. A process that waits asks again instead of waiting in a statement, whose snapshot would
 * keep an index from being made concurrently for ever.
 */
async function whileAlone<T extends object>(holder: postgres.Sql, work: () => Promise<T>): Promise<T> {
  for (;;) {
    const done = await holder.begin(async (holding) => {
      const [row] = await holding<{ isAlone: boolean }[]>`
        select pg_try_advisory_xact_lock(${MIGRATION_LOCK}) as "isAlone"`;
      // Last, and by the simple protocol: a query that returned rows keeps its snapshot until the next one.
      await holding.unsafe('set local idle_in_transaction_session_timeout = 0');
      return row?.isAlone ? await work() : null;
    });
    if (done !== null) return done as T;
    await sleep(LOOK_AGAIN_MS);
  }
}
