import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { withoutValues } from './database-error.ts';

/** What stands between a process and PostgreSQL. */
export interface Pooling {
  /** A transaction-mode pooler: each transaction may have another connection of the server's. */
  isPooled: boolean;
  keepsPreparedStatements: boolean;
}

/** Transactions that are held open meanwhile, so that a pooler has to give the next one another connection. */
const HELD = 2;
/** As long as a pooler without a free connection may keep these waiting, in ms. */
const HELD_WITHIN_MS = 2_000;
/**
 * invalid_sql_statement_name: another connection of the server's does not know the statement. The driver prepares it
 * anew and tries again, which the transaction no longer takes: in_failed_sql_transaction.
 */
const UNKNOWN_STATEMENT = ['26000', '25P02'];

export async function findPooling(url: string): Promise<Pooling> {
  const clients = Array.from({ length: HELD + 1 }, () =>
    postgres(url, { max: 1, connect_timeout: 10, onnotice: () => {} }),
  );
  const [ours, ...others] = clients as [postgres.Sql, ...postgres.Sql[]];
  const release = Promise.withResolvers<void>();
  try {
    const isPooled = await isShared(ours, others);
    const before = await askBackend(ours);
    const holding = others.map((other) => hold(other, release.promise));
    await Promise.race([Promise.all(holding), sleep(HELD_WITHIN_MS)]);
    // Another backend than before: a statement that ours has prepared is known there, or it fails.
    const after = await askBackend(ours);
    return { isPooled: isPooled || after !== before, keepsPreparedStatements: true };
  } catch (error) {
    if (!UNKNOWN_STATEMENT.includes((error as { code?: string }).code ?? ''))
      return withoutValues(Promise.reject(error));
    return { isPooled: true, keepsPreparedStatements: false };
  } finally {
    release.resolve();
    await Promise.all(clients.map((client) => client.end({ timeout: 5 })));
  }
}

const askBackend = (client: postgres.Sql) =>
  client.begin(async (tx) => (await tx<{ pid: number }[]>`select pg_backend_pid() as pid`)[0]?.pid);

/** Rounds in which every connection asks for its backend. */
const ROUNDS = 4;

/**
 * Whether a backend serves two connections, or a connection has had two: a pooler hands out the backend that came back last,
 * or the one that has waited longest.
 */
async function isShared(ours: postgres.Sql, others: postgres.Sql[]): Promise<boolean> {
  const seen = [new Set<number | undefined>(), new Set<number | undefined>()] as const;
  for (let round = 0; round < ROUNDS; round++) {
    seen[0].add(await askBackend(ours));
    for (const other of others) seen[1].add(await askBackend(other));
  }
  return seen[0].size > 1 || [...seen[1]].some((backend) => seen[0].has(backend));
}

/** Resolves once a transaction is open, which stays so until `released`. */
function hold(client: postgres.Sql, released: Promise<void>): Promise<void> {
  const held = Promise.withResolvers<void>();
  client
    .begin(async (tx) => {
      await tx`select 1`;
      held.resolve();
      await released;
    })
    .catch(held.reject);
  return held.promise;
}
