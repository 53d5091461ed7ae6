import { sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/postgres-js';
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import postgres from 'postgres';
import { withoutValues } from './database-error.ts';
import { isFeedWrite } from './feed-writes.ts';
import { applicationName, ROLES_OF } from './roles.ts';
import type { Program } from './roles.ts';

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
 * PostgreSQL through roles that own nothing (rule 14). Every transaction takes its role, and `inTenant` its tenant, for
 * itself alone: row-level security does the rest, and nothing rests on a session, so a transaction-mode pooler may
 * stand between. `acrossTenants` sees every row and is called from `db/across-tenants/` alone. What a transaction throws
 * is a `DatabaseError` without values, or an error of the work itself.
 */
export interface Database {
  inTenant<T>(tenant: string, work: (tx: Transaction) => Promise<T>): Promise<T>;
  acrossTenants<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** The tenant's role without a tenant: for what belongs to none (sessions, idempotency keys, the feeds' state). */
  outsideTenants<T>(work: (tx: Transaction) => Promise<T>): Promise<T>;
  /** The same for lists and figures, which may be slow and many: with connections of their own they hold up nothing else. */
  lists: Pick<Database, 'inTenant' | 'acrossTenants'>;
  /** The same for the keys of callers: without it a caller waits behind the calls of others. */
  lookups: Pick<Database, 'acrossTenants'>;
  /**
   * The login itself, for the one statement that needs neither role nor transaction: the token read. Its errors, and the
   * clock's, go through `withoutValues`.
   */
  app: postgres.Sql;
  /**
   * One connection for the clock alone: the clock is read inside transactions and would otherwise wait for a connection
   * that its own transaction holds.
   */
  clock: postgres.Sql;
  /** Calls `heard` after every commit of this process that writes rows of a feed; returns a function that ends it. */
  onFeedWrite(heard: () => void): () => void;
  /** Calls `heard` at every NOTIFY on `topic`, and after every reconnect, when some may have been missed. */
  listen(topic: string, heard: (payload: string) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** Queries with more parameters are not prepared. */
const MOST_PREPARED_PARAMETERS = 64;

export interface DatabaseOptions {
  url: string;
  /** Where `url` is a transaction-mode pooler: the server itself, for LISTEN. */
  directUrl?: string | null;
  /** Named prepared statements; false for a pooler that keeps none. */
  prepare?: boolean;
  /** Connections for one tenant's transactions; the other pools are parts of it. */
  poolSize: number;
  program: Program;
}

/** Connections of each pool, at most. One that is not used is not opened: only a server has lists, look-ups and token reads. */
const shares = (poolSize: number) => ({
  work: poolSize,
  across: Math.max(2, Math.ceil(poolSize / 4)),
  lists: Math.max(2, Math.ceil(poolSize / 3)),
  lookups: 2,
  reads: Math.max(2, Math.ceil(poolSize / 2)),
  clock: 1,
  listener: 1,
});

export function connectDatabase({ url, directUrl, prepare = true, poolSize, program }: DatabaseOptions): Database {
  const pool = (max: number, address = url) =>
    postgres(address, {
      max,
      prepare,
      connect_timeout: 10,
      idle_timeout: 60,
      onnotice: () => {},
      connection: { application_name: applicationName(program) },
    });
  const share = shares(poolSize);
  const drizzled = (max: number) => {
    const client = pool(max);
    return { client, db: drizzle(preparing(client)) };
  };
  const [mainPool, acrossPool, listsPool, lookupsPool] = [
    drizzled(share.work),
    drizzled(share.across),
    drizzled(share.lists),
    drizzled(share.lookups),
  ];
  const app = pool(share.reads);
  const clock = pool(share.clock);
  const listener = pool(share.listener, directUrl ?? url);
  const roles = ROLES_OF[program];
  const hearing = new Set<() => void>();
  const told = () => {
    for (const heard of hearing) heard();
  };
  const as = (db: PostgresJsDatabase, role: string, tenant: string) => ({ db, role, tenant, onFeedWrite: told });
  return {
    app,
    clock,
    inTenant: (tenant, work) => transactionAs(as(mainPool.db, roles.tenant, tenant), work),
    acrossTenants: (work) => transactionAs(as(acrossPool.db, roles.acrossTenants, ''), work),
    outsideTenants: (work) => transactionAs(as(mainPool.db, roles.tenant, ''), work),
    lists: {
      inTenant: (tenant, work) => transactionAs(as(listsPool.db, roles.tenant, tenant), work),
      acrossTenants: (work) => transactionAs(as(listsPool.db, roles.acrossTenants, ''), work),
    },
    lookups: { acrossTenants: (work) => transactionAs(as(lookupsPool.db, roles.acrossTenants, ''), work) },
    onFeedWrite(heard) {
      hearing.add(heard);
      return () => void hearing.delete(heard);
    },
    async listen(topic, heard) {
      const listening = await withoutValues(listener.listen(topic, heard, () => heard('')));
      return () => listening.unlisten();
    },
    async close() {
      const drizzledClients = [mainPool, acrossPool, listsPool, lookupsPool].map(({ client }) => client);
      await Promise.all([...drizzledClients, app, clock, listener].map((client) => client.end({ timeout: 5 })));
    },
  };
}

interface Caller {
  db: PostgresJsDatabase;
  role: string;
  tenant: string;
  /** Called after a commit that writes rows of a feed. */
  onFeedWrite: () => void;
}

/** A transaction with a role and a tenant ('' is none) of its own. */
async function transactionAs<T>(
  { db, role, tenant, onFeedWrite }: Caller,
  work: (tx: Transaction) => Promise<T>,
): Promise<T> {
  let writesFeed = false;
  const done = db.transaction(async (tx) => {
    // Goes out before the work's first query, in the same trip.
    const isSet = tx
      .execute(sql`select set_config('role', ${role}, true), set_config('mooring.tenant', ${tenant}, true)`)
      .execute();
    isSet.catch(() => {});
    try {
      const result = await work(tx);
      writesFeed = isFeedWrite(tx);
      return result;
    } finally {
      await isSet; // its error is why the work's queries failed
    }
  });
  const result = await withoutValues(done);
  if (writesFeed) onFeedWrite();
  return result;
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
