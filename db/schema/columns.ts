import { sql } from 'drizzle-orm';
import { bigserial, customType, timestamp } from 'drizzle-orm/pg-core';

/** PostgreSQL's 64-bit transaction id; kept as text, because it only goes back into comparisons in SQL. */
export const xid8 = customType<{ data: string; driverData: string }>({ dataType: () => 'xid8' });

export const time = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

/** Order of becoming visible: (xact, seq) below the oldest running transaction is final (rule 12). */
export const feedOrder = () => ({
  xact: xid8('xact')
    .notNull()
    .default(sql`pg_current_xact_id()`),
  seq: bigserial('seq', { mode: 'bigint' }).notNull(),
});
