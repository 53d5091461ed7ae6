import { eq, gt, sql } from 'drizzle-orm';
import type { InferSelectModel, SQL } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { channels } from '../schema/channels.ts';
import { formerAccesses } from '../schema/former-accesses.ts';
import { tenants } from '../schema/tenants.ts';
import type { TenantPolicy } from '../schema/tenants.ts';
import { NEEDS_PERSON } from '../../domain/channel.ts';

export type TenantRow = InferSelectModel<typeof tenants>;

/** Long enough for the product to fetch a message again after a mistake; too short for an archive. */
export const DEFAULT_RETENTION_DAYS = 30;

/** Every access type; alerts go to the owner of an individual channel and to the admins of a shared one. */
const DEFAULT_POLICY: TenantPolicy = {
  displayName: null,
  accessTypes: null,
  notify: { individual: 'owner', shared: 'admins' },
  admins: [],
  remindersDays: [1, 3, 7],
  reminderRepeatDays: 7,
  adminsJoinAfterDays: 3,
  quietHours: null,
  quietFirst: false,
  digest: true,
  locale: 'en',
  retentionDays: DEFAULT_RETENTION_DAYS,
  bannerOrigins: [],
};

/** A tenant exists from the first time the product names it. */
export async function ensureTenant(tx: Transaction, id: string, now: Date): Promise<TenantRow> {
  await tx.insert(tenants).values({ id, createdAt: now }).onConflictDoNothing();
  const row = await findTenant(tx, id);
  if (!row) throw new Error('A new tenant was not found; expected the transaction to run in it');
  return row;
}

export async function findTenant(tx: Transaction, id: string): Promise<TenantRow | null> {
  const [row] = await tx.select().from(tenants).where(eq(tenants.id, id));
  return row ?? null;
}

export async function findPolicy(tx: Transaction, id: string): Promise<TenantPolicy> {
  // A policy that is older than a field has the field's default.
  return { ...DEFAULT_POLICY, ...(await findTenant(tx, id))?.policy };
}

export async function setPolicy(tx: Transaction, id: string, policy: TenantPolicy): Promise<void> {
  await tx.update(tenants).set({ policy }).where(eq(tenants.id, id));
}

export async function requestTenantErasure(tx: Transaction, id: string, now: Date): Promise<void> {
  await tx.update(tenants).set({ eraseRequestedAt: now }).where(eq(tenants.id, id));
}

const isReady = (id: string) =>
  sql`${tenants.id} = ${id} and ${tenants.eraseRequestedAt} is not null
      and not exists (select from ${channels} where ${channels.tenantId} = ${id} and ${channels.status} <> 'disconnected')
      and not exists (select from ${formerAccesses} where ${formerAccesses.tenantId} = ${id})`;

/** Whether nothing of a tenant that is to be erased is in use any more. */
export async function isReadyToErase(tx: Transaction, id: string): Promise<boolean> {
  const rows = await tx.select({ id: tenants.id }).from(tenants).where(isReady(id));
  return rows.length > 0;
}

/** Deletes the row of a tenant that is to be erased, and what is left of it. True when it did. */
export async function endTenantErasure(tx: Transaction, id: string): Promise<boolean> {
  const rows = await tx.delete(tenants).where(isReady(id)).returning({ id: tenants.id });
  return rows.length > 0;
}

export interface TenantSummary extends TenantRow {
  channelCount: number;
  /** Channels that need a person. */
  brokenCount: number;
}

/** By the index of tenant and status alone, for the tenants of the page. */
const countChannels = (which: SQL) =>
  sql<number>`(select count(*) from channels c where c.tenant_id = tenants.id and ${which})::int`;

export async function listTenants(tx: Transaction, after: string | null, limit: number): Promise<TenantSummary[]> {
  return tx
    .select({
      id: tenants.id,
      policy: tenants.policy,
      eraseRequestedAt: tenants.eraseRequestedAt,
      createdAt: tenants.createdAt,
      channelCount: countChannels(sql`c.status <> 'disconnected'`),
      brokenCount: countChannels(sql`c.status in ${NEEDS_PERSON}`),
    })
    .from(tenants)
    .where(after === null ? undefined : gt(tenants.id, after))
    .orderBy(tenants.id)
    .limit(limit);
}
