import { sql } from 'drizzle-orm';
import type { Transaction } from '../client.ts';

/** How many different fingerprints that begin so a channel has, up to `most`. */
export async function countFingerprints(
  tx: Transaction,
  { channelId, prefix }: { channelId: string; prefix: string },
  most: number,
): Promise<number> {
  const found = await tx.execute(sql`
    select distinct fingerprint from messages
    where channel_id = ${channelId} and starts_with(fingerprint, ${prefix}) limit ${most}`);
  return found.length;
}

/** Of these, the ones that a channel has a message of, each once. */
export async function findFingerprints(tx: Transaction, channelId: string, asked: string[]): Promise<string[]> {
  if (asked.length === 0) return [];
  const found = await tx.execute<{ fingerprint: string }>(sql`
    select asked.fingerprint from unnest(${sql.param(asked)}::text[]) as asked (fingerprint)
    where exists (
      select from messages where channel_id = ${channelId} and fingerprint = asked.fingerprint offset 0
    )`);
  return found.map(({ fingerprint }) => fingerprint);
}
