import { and, eq, isNull, or, sql } from 'drizzle-orm';
import type { SQL } from 'drizzle-orm';
import type { Transaction } from '../client.ts';
import { channels, hasNotLeft } from '../schema/channels.ts';
import { credentials } from '../schema/credentials.ts';
import type { WiderIncident } from './wider.ts';

/** The live channels of the operator's client, those that wait or were not tried too, as far as the transaction sees. */
export function ofClient(
  tx: Transaction,
  { provider, oauthProvider }: Pick<WiderIncident, 'provider' | 'oauthProvider'>,
): SQL | undefined {
  const live = and(eq(channels.accessType, provider), hasNotLeft(channels.status));
  if (oauthProvider === null) return live;
  const itsOwn = tx
    .select({ one: sql`1` })
    .from(credentials)
    .where(
      and(
        eq(credentials.channelId, channels.id),
        eq(credentials.kind, 'oauth'),
        or(isNull(credentials.oauthProvider), eq(credentials.oauthProvider, oauthProvider)),
      ),
    );
  return and(live, sql`exists ${itsOwn}`);
}
