import { and, eq, isNull } from 'drizzle-orm';
import type { StatusReason } from '../../domain/verdict.ts';
import type { Transaction } from '../client.ts';
import { newId } from '../ids.ts';
import { incidents } from '../schema/channels.ts';

/** Opens the channel's incident or returns the open one: one alert per incident (rule 11). */
export async function openChannelIncident(
  tx: Transaction,
  incident: { tenantId: string; channelId: string; provider: string; reason: StatusReason | null; at: Date },
): Promise<{ id: string; isNew: boolean }> {
  const { at, ...values } = incident;
  const id = newId('inc');
  const inserted = await tx
    .insert(incidents)
    .values({ id, ...values, openedAt: at })
    .onConflictDoNothing()
    .returning({ id: incidents.id });
  if (inserted.length > 0) return { id, isNew: true };
  const [open] = await tx
    .select({ id: incidents.id })
    .from(incidents)
    .where(and(eq(incidents.channelId, incident.channelId), isNull(incidents.closedAt)));
  return { id: open?.id ?? id, isNew: false };
}

/** False when this tenant has none to close; a channel cannot close the operator's incidents. */
export async function closeIncident(tx: Transaction, id: string, at: Date): Promise<boolean> {
  const rows = await tx
    .update(incidents)
    .set({ closedAt: at })
    .where(and(eq(incidents.id, id), isNull(incidents.closedAt)))
    .returning({ id: incidents.id });
  return rows.length > 0;
}
