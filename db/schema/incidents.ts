import { index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { channelId, incidents } from './channels.ts';
import { time } from './columns.ts';
import { tenantId } from './tenants.ts';

const incidentId = () =>
  text('incident_id')
    .notNull()
    .references(() => incidents.id, { onDelete: 'cascade' });

/** The channels that met an incident of a provider. */
export const incidentChannels = pgTable(
  'incident_channels',
  { incidentId: incidentId(), channelId: channelId(), tenantId: tenantId(), joinedAt: time('joined_at').notNull() },
  (t) => [
    primaryKey({ columns: [t.incidentId, t.channelId] }),
    index('incident_channels_channel').on(t.channelId),
    index('incident_channels_tenant').on(t.tenantId, t.incidentId),
  ],
);

/** How many live channels each tenant had with the operator's client when its incident closed. */
export const incidentTenants = pgTable(
  'incident_tenants',
  { incidentId: incidentId(), tenantId: tenantId(), channels: integer('channels').notNull() },
  (t) => [
    primaryKey({ columns: [t.incidentId, t.tenantId] }),
    index('incident_tenants_tenant').on(t.tenantId, t.incidentId),
  ],
);
