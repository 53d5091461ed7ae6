import { and, isNotNull } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { importItems } from '../schema/imports.ts';
import type { HeldFacts } from '../schema/imports.ts';
import { isItem } from './quarantine.ts';
import type { QuarantineKey } from './quarantine.ts';

export interface HeldContent {
  contentId: string;
  facts: HeldFacts;
}

/** Keeps content for an item that is tried alone, until it is settled; what was held of it before is let go. */
export async function holdContent(tx: Transaction, item: QuarantineKey, held: HeldContent): Promise<void> {
  await tx.update(importItems).set({ heldContentId: held.contentId, heldFacts: held.facts }).where(isItem(item));
}

/** What is held of an item; null: nothing. */
export async function findHeldContent(tx: Transaction, item: QuarantineKey): Promise<HeldContent | null> {
  const [row] = await tx
    .select({ contentId: importItems.heldContentId, facts: importItems.heldFacts })
    .from(importItems)
    .where(and(isItem(item), isNotNull(importItems.heldContentId)));
  return row?.contentId && row.facts ? { contentId: row.contentId, facts: row.facts } : null;
}
