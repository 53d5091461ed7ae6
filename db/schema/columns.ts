import { sql } from 'drizzle-orm';
import { bigint, bigserial, customType, timestamp } from 'drizzle-orm/pg-core';
import { readServer } from '../../domain/server.ts';
import type { Server, StoredServer } from '../../domain/server.ts';

/** PostgreSQL's 64-bit transaction id. */
export const xid8 = customType<{ data: string; driverData: string }>({ dataType: () => 'xid8' });

export const serverColumn = customType<{ data: Server; driverData: string | StoredServer }>({
  dataType: () => 'jsonb',
  toDriver: (server) => JSON.stringify(server),
  fromDriver: (stored) => readServer(typeof stored === 'string' ? (JSON.parse(stored) as StoredServer) : stored),
});

export const time = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });

const renamed = (value: object, rename: (name: string) => string) =>
  Object.fromEntries(Object.entries(value).map(([name, field]) => [rename(name), field]));
const snakeName = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const camelName = (name: string) => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** JSON whose fields are snake_case in the row, as SQL and older rows have them, and camelCase here. */
export const renamedJson = customType<{ data: object; driverData: string | object }>({
  dataType: () => 'jsonb',
  toDriver: (value) => JSON.stringify(renamed(value, snakeName)),
  fromDriver: (value) => renamed(typeof value === 'string' ? (JSON.parse(value) as object) : value, camelName),
});

/**
 * A row's place in its feed (rule 12). The settler numbers committed rows (`db/across-tenants/settler.ts`); until then
 * `number` is null and no reader sees the row. `seq` is the order of writing.
 */
export const feedOrder = () => ({
  number: bigint('number', { mode: 'bigint' }),
  seq: bigserial('seq', { mode: 'bigint' }).notNull(),
  /** The order of the release before, which the next release drops. */
  xact: xid8('xact')
    .notNull()
    .default(sql`pg_current_xact_id()`),
});
