import type { EventType } from '../../domain/event.ts';
import type { Transaction } from '../client.ts';
import { noteFeedWrite } from '../feed-writes.ts';
import { newId } from '../ids.ts';
import { events } from '../schema/events.ts';

export interface NewEvent {
  /** null: the operator's own, which no tenant sees; the transaction must then be one across tenants. */
  tenantId: string | null;
  channelId: string | null;
  type: EventType;
  incidentId: string | null;
  /** Ids, numbers and words; never a secret, never mail. */
  data: Record<string, unknown>;
  at: Date;
}

/** Writes an event into timeline and outbox, in the transaction of the fact it tells of (rule 12). */
export async function insertEvent(tx: Transaction, event: NewEvent): Promise<string> {
  const [id = ''] = await insertEvents(tx, [event]);
  return id;
}

/** The same with several, in their order; their ids. */
export async function insertEvents(tx: Transaction, several: readonly NewEvent[]): Promise<string[]> {
  if (several.length === 0) return [];
  const rows = several.map((event) => ({ id: newId('evt'), ...event }));
  await tx.insert(events).values(rows);
  noteFeedWrite(tx);
  return rows.map(({ id }) => id);
}
