import postgres from 'postgres';
import { LIFE, MAIL } from './fill-sql.ts';

export interface Size {
  channels: number;
  /** Each channel has as many messages. */
  messagesEach: number;
  /** Items of the one large import. */
  items: number;
}

/** The tenant that owns a quarter of the channels, and a small one. */
export const LARGE = 'large';
export const SMALL = 'tenant_7';
/** A channel of each, and the large import. */
export const channelOf = (n: number) => `chn_${String(n).padStart(8, '0')}`;
export const LARGE_IMPORT = 'imp_large';

/**
 * Fills a migrated database by SQL alone: a large tenant beside many small ones, most channels well, nothing due. Constraints
 * between tables are not checked, as every row is made to meet them.
 */
export async function fillDatabase(ownerUrl: string, size: Size): Promise<void> {
  const owner = postgres(ownerUrl, { max: 1, onnotice: () => {} });
  const tenants = Math.max(10, Math.floor(size.channels / 100));
  const filled = (text: string) =>
    text
      .replaceAll(':channels', String(size.channels))
      .replaceAll(':tenants', String(tenants))
      .replaceAll(':each', String(size.messagesEach))
      .replaceAll(':items', String(size.items));
  try {
    // A worker of a parallel scan counts for itself: a transaction would not see what it reads.
    await owner.unsafe('alter database mooring set max_parallel_workers_per_gather = 0');
    // As on a disk without a head: an index wins at a smaller size, so that the small run shows the plans of the large one.
    await owner.unsafe('alter database mooring set random_page_cost = 1.1');
    await owner.unsafe("set session_replication_role = replica; set work_mem = '256MB'");
    for (const statement of [...LIFE, ...MAIL]) await owner.unsafe(filled(statement));
    await owner.unsafe('vacuum analyze');
  } finally {
    await owner.end();
  }
}
