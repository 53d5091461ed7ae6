import type { Transaction } from '../client.ts';
import { branding } from '../schema/branding.ts';

/** Name, logo, colour and addresses of the product, for connect pages and mails; null: not set. */
export interface Branding {
  name: string | null;
  logoUrl: string | null;
  /** `#rrggbb` in lower case. */
  accentColor: string | null;
  supportEmail: string | null;
  supportUrl: string | null;
  privacyUrl: string | null;
}

const NOTHING_SET: Branding = {
  name: null,
  logoUrl: null,
  accentColor: null,
  supportEmail: null,
  supportUrl: null,
  privacyUrl: null,
};

/** The branding of the installation, in any transaction: it belongs to no tenant, and every tenant's pages carry it. */
export async function findBranding(tx: Transaction): Promise<Branding> {
  const [row] = await tx.select().from(branding);
  if (!row) return NOTHING_SET;
  const { id: _id, updatedAt: _updatedAt, ...given } = row;
  return given;
}

export async function setBranding(tx: Transaction, given: Branding, now: Date): Promise<void> {
  const row = { ...given, updatedAt: now };
  await tx.insert(branding).values(row).onConflictDoUpdate({ target: branding.id, set: row });
}
