import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';

/**
 * A transaction of the app role with its tenant set, or of the role that looks across tenants. Queries begun together,
 * by functions given to one `Promise.all`, are one trip to PostgreSQL, and are done in the order of those functions (a
 * bare query begins after them). Each must send all it sends at once: a query sent after the failure of another would
 * be outside the transaction.
 */
export type Transaction = Pick<
  PostgresJsDatabase,
  'select' | 'selectDistinct' | 'selectDistinctOn' | 'insert' | 'update' | 'delete' | 'execute' | '$with' | 'with'
>;

/**
 * PostgreSQL, seen through two roles that own nothing (rule 14). `inTenant` sets the tenant for one transaction and
 * row-level security does the rest. `acrossTenants` sees every row and is called from `db/across-tenants/` alone.
 */
export interface Database {
  inTenant<T>(tenant: string, work: (tx: Transaction) => Promise<T>): Promise<T>;
  acrossTenants<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** The app role without a tenant: for rows of no tenant (sessions, idempotency keys, the feeds' state). */
  outsideTenants<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** The app role's pool, for the one statement that needs no transaction: the token read. */
  app: postgres.Sql;
  /**
   * One connection for the clock alone: the clock is read inside transactions and would otherwise wait for a connection
   * that its own transaction holds.
   */
  clock: postgres.Sql;
  /** Calls `heard` at every NOTIFY on `topic`, and after every reconnect, when some may have been missed. */
  listen(topic: string, heard: (payload: string) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** Queries with more parameters are not prepared. */
const MOST_PREPARED_PARAMETERS = 64;

export interface DatabaseOptions {
  url: string;
  /** Connections of the app role; the other role takes a quarter. */
  poolSize: number;
}

export function connectDatabase({ url, poolSize }: DatabaseOptions): Database {
  const pool = (role: string, max: number) =>
    postgres(url, {
      max,
      connect_timeout: 10,
      idle_timeout: 60,
      onnotice: () => {},
      connection: { role, application_name: 'mooring' },
    });
  const app = pool('mooring_app', poolSize);
  const clock = pool('mooring_app', 1);
  const across = pool('mooring_across_tenants', Math.max(2, Math.ceil(poolSize / 4)));
  const appDb = drizzle(preparing(app));
  const acrossDb = drizzle(preparing(across));
  return {
    app,
    clock,
    inTenant: (tenant, work) =>
      appDb.transaction(async (tx) => {
        // Sent before the work's first query, in the same round trip. If it fails, all that follows fails too.
        const isSet = tx.execute(sql`select set_config('mooring.tenant', ${tenant}, true)`).execute();
        isSet.catch(() => {});
        const result = await work(tx);
        await isSet;
        return result;
      }),
    acrossTenants: (work) => acrossDb.transaction(work),
    outsideTenants: (work) => appDb.transaction(work),
    async listen(topic, heard) {
      const listening = await across.listen(topic, heard, () => heard(''));
      return () => listening.unlisten();
    },
    async close() {
      await Promise.all([app, clock, across].map((client) => client.end({ timeout: 5 })));
    },
  };
}

/**
 * Drizzle has every query parsed and planned anew, with a round trip more to learn the types of its parameters; with
 * this a connection does that once for each. Queries of many parameters are lists of rows: there would be one for every
 * length, and a connection keeps them all.
 */
function preparing<Client extends postgres.Sql | postgres.TransactionSql>(client: Client): Client {
  return new Proxy(client, {
    get(target, name) {
      if (name === 'unsafe') return unsafe;
      if (name === 'begin' || name === 'savepoint') return nested(name);
      return Reflect.get(target, name, target) as unknown;
    },
  });

  function unsafe(query: string, parameters: postgres.ParameterOrJSON<never>[] = [], options = {}) {
    const prepare = parameters.length <= MOST_PREPARED_PARAMETERS;
    return client.unsafe(query, parameters, { ...options, prepare });
  }

  function nested(name: 'begin' | 'savepoint') {
    const start = (client as unknown as Record<string, (work: unknown) => Promise<unknown>>)[name];
    return (work: (inner: postgres.TransactionSql) => unknown) =>
      start?.((inner: postgres.TransactionSql) => work(preparing(inner)));
  }
}
