import { setTimeout as sleep } from 'node:timers/promises';
import { turnOutbox } from '../../db/across-tenants/outbox.ts';
import type { OutboxTurn } from '../../db/across-tenants/outbox.ts';
import { turnSettler } from '../../db/across-tenants/settler.ts';
import type { SettlerTurn } from '../../db/across-tenants/settler.ts';
import type { Database } from '../../db/client.ts';
import { planTurn } from '../../notifications/planner.ts';

const WHOLE = { messages: 0n, events: 0n };

/** Gives what is committed its number, as the settlers of all processes do. */
export async function settle(database: Database, now = new Date()): Promise<SettlerTurn> {
  for (;;) {
    const turn = await turnSettler(database, { clock: { now: async () => now }, limit: 200, from: WHOLE });
    if (turn && !turn.more) return turn;
    if (!turn) await sleep(5);
  }
}

/** Notices of all that is committed now are planned. */
export async function planAll(context: Parameters<typeof planTurn>[0]): Promise<void> {
  await settle(context.database);
  for (;;) {
    const turn = await planTurn(context);
    if (turn && !turn.more) return;
    if (!turn) await sleep(5);
  }
}

/** A turn of the outbox over what is committed now; null while a pump has the turn. */
export async function handOver(database: Database, now = new Date(), limit = 200): Promise<OutboxTurn | null> {
  await settle(database, now);
  return turnOutbox(database, now, limit);
}
