import { sql } from 'drizzle-orm';
import type { Database, Transaction } from '../../../db/client.ts';

/** What a query costs. */
export interface Reading {
  /** Rows of tables in sequence, and entries of indexes. */
  rows: number;
  /** Large tables that were read in sequence. */
  scanned: string[];
  ms: number;
}

/** A table with fewer rows may be read whole. */
const LARGE_TABLE = 2_000;

interface Count extends Record<string, unknown> {
  name: string;
  read: string;
  scans: string;
  isLarge: boolean;
}

class Undone extends Error {}

/** A database whose transactions count what they read and are undone, so that no query changes what the next one finds. */
export function counting(database: Database, into: Reading): Database {
  const counted =
    <T>(work: (tx: Transaction) => Promise<T>, done: (result: T) => void) =>
    async (tx: Transaction) => {
      const before = await countRead(tx);
      const startedAt = performance.now();
      done(await work(tx));
      into.ms += performance.now() - startedAt;
      add(into, before, await countRead(tx));
      throw new Undone();
    };
  const undone = async <T>(
    begin: (work: (tx: Transaction) => Promise<T>) => Promise<T>,
    work: (tx: Transaction) => Promise<T>,
  ) => {
    const results: T[] = [];
    const run = begin(counted(work, (result) => void results.push(result)));
    await run.catch((error: unknown) => {
      if (!(error instanceof Undone)) throw error;
    });
    return results[0] as T;
  };
  return {
    ...database,
    inTenant: (tenant, work) => undone((counting) => database.inTenant(tenant, counting), work),
    acrossTenants: (work) => undone((counting) => database.acrossTenants(counting), work),
    outsideTenants: (work) => undone((counting) => database.outsideTenants(counting), work),
  };
}

function add(into: Reading, before: Map<string, Count>, after: Map<string, Count>): void {
  for (const [name, { read, scans, isLarge }] of after) {
    into.rows += Number(read) - Number(before.get(name)?.read ?? 0);
    if (isLarge && Number(scans) > Number(before.get(name)?.scans ?? 0)) into.scanned.push(name);
  }
}

/** Of a table: rows read in sequence. Of an index: entries found, also where its table was not asked. */
async function countRead(tx: Transaction): Promise<Map<string, Count>> {
  const rows = await tx.execute<Count>(sql`
    select relname as name, pg_stat_get_xact_tuples_returned(oid)::text as read, pg_stat_get_xact_numscans(oid)::text as scans,
           relkind = 'r' and reltuples >= ${LARGE_TABLE} as "isLarge"
    from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'i')`);
  return new Map(rows.map((row) => [row.name, row]));
}
