import { sql } from 'drizzle-orm';
import { bigint, boolean, index, integer, jsonb, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import type { DeliveryLane, EventType } from '../../domain/event.ts';
import { feedOrder, renamedJson, time, xid8 } from './columns.ts';
import { tenants } from './tenants.ts';
import { channels } from './channels.ts';

/** An attempt of a delivery, for the developer of the receiver. */
export interface LoggedAttempt {
  at: string;
  /** The headers that differ from attempt to attempt. */
  timestamp: string;
  signature: string;
  status: number | null;
  ms: number;
  /** The beginning of the answer's body; null: there was no answer. */
  response: string | null;
  error: string | null;
}

/** null: what is the operator's, and no tenant's to see (row-level security lets none equal null). */
const tenantOrOperator = () => text('tenant_id').references(() => tenants.id, { onDelete: 'cascade' });

/** Timeline and outbox in one. */
export const events = pgTable(
  'events',
  {
    id: text('id').primaryKey(),
    tenantId: tenantOrOperator(),
    channelId: text('channel_id').references(() => channels.id, { onDelete: 'cascade' }),
    type: text('type').$type<EventType>().notNull(),
    incidentId: text('incident_id'),
    data: renamedJson('data').$type<Record<string, unknown>>().notNull(),
    at: time('at').notNull(),
    ...feedOrder(),
  },
  (t) => [
    index('events_channel').on(t.channelId, t.seq),
    index('events_feed').on(t.number),
    index('events_tenant_feed').on(t.tenantId, t.number),
    index('events_unsettled')
      .on(t.seq)
      .where(sql`${t.number} is null`),
    /** What is told often and says little later; the rest is the channel's diary and stays. */
    index('events_passing')
      .on(t.at)
      .where(sql`${t.type} in ('message.received', 'import.progress', 'credential.refreshed')`),
  ],
);

export const webhookEndpoints = pgTable(
  'webhook_endpoints',
  {
    id: text('id').primaryKey(),
    /** null: events of every tenant. */
    tenantId: text('tenant_id').references(() => tenants.id, { onDelete: 'cascade' }),
    url: text('url').notNull(),
    /** null: every type. */
    events: text('events').array().$type<EventType[]>(),
    /** `whsec_…`, encrypted under a key the server holds. */
    secretJwe: text('secret_jwe').notNull(),
    /**
     * A rotation writes the new secret to the place that is not in use, so that the server rotates what it cannot read.
     * The release before signs with `secret_jwe`, which is good until `old_secret_until`.
     */
    otherSecretJwe: text('other_secret_jwe'),
    signsWithOther: boolean('signs_with_other').notNull().default(false),
    /** Until then the secret before signs as well; null: none does. */
    oldSecretUntil: time('old_secret_until'),
    disabledAt: time('disabled_at'),
    createdAt: time('created_at').notNull(),
    /** The circuit of its lifecycle events (`domain/limits/circuit.ts`), shared by all processes. */
    failures: integer('failures').notNull().default(0),
    failingSince: time('failing_since'),
    openUntil: time('open_until'),
    atOnce: integer('at_once').notNull().default(8),
    /** The same of its messages: a receiver that refuses them delays no lifecycle event. */
    messageFailures: integer('message_failures').notNull().default(0),
    messagesFailingSince: time('messages_failing_since'),
    messagesOpenUntil: time('messages_open_until'),
    messagesAtOnce: integer('messages_at_once').notNull().default(8),
    /** Whose delivery was started last: tenants take turns. */
    servedTenant: text('served_tenant').notNull().default(''),
  },
  (t) => [
    /** Open circuits, which are few. */
    index('webhook_endpoints_open')
      .on(t.openUntil)
      .where(sql`${t.openUntil} is not null`),
    index('webhook_endpoints_messages_open')
      .on(t.messagesOpenUntil)
      .where(sql`${t.messagesOpenUntil} is not null`),
    /** What an event of a tenant looks up; the endpoints of the product have null here. */
    index('webhook_endpoints_of_tenant').on(t.tenantId),
  ],
);

export const webhookDeliveries = pgTable(
  'webhook_deliveries',
  {
    id: text('id').primaryKey(),
    eventId: text('event_id')
      .notNull()
      .references(() => events.id, { onDelete: 'cascade' }),
    endpointId: text('endpoint_id')
      .notNull()
      .references(() => webhookEndpoints.id, { onDelete: 'cascade' }),
    /** The event's; it goes with the event. */
    tenantId: text('tenant_id'),
    /** 0 for the outbox's own; a person's redelivery counts on from there. */
    redelivery: integer('redelivery').notNull().default(0),
    state: text('state').$type<'pending' | 'delivered' | 'failed'>().notNull(),
    attempts: integer('attempts').notNull().default(0),
    lastStatus: integer('last_status'),
    lastError: text('last_error'),
    /** The last attempts with what was answered, oldest first. */
    attemptLog: jsonb('attempt_log').$type<LoggedAttempt[]>(),
    lastAttemptAt: time('last_attempt_at'),
    nextAttemptAt: time('next_attempt_at'),
    deliveredAt: time('delivered_at'),
    createdAt: time('created_at').notNull(),
    lane: text('lane').$type<DeliveryLane>().notNull().default('lifecycle'),
    /** It waits in the queue of its endpoint, and its workflow is started then at the earliest; null: it does not wait. */
    startAt: time('start_at'),
    /** How often its workflow was started since its last attempt. */
    starts: integer('starts').notNull().default(0),
    /** Until when it counts as an attempt under way at its endpoint; a process that dies leaves it behind. */
    underWayUntil: time('under_way_until'),
  },
  (t) => [
    uniqueIndex('webhook_deliveries_once').on(t.eventId, t.endpointId, t.redelivery),
    index('webhook_deliveries_endpoint').on(t.endpointId, t.id),
    /** The queues of endpoints, by tenant. */
    index('webhook_deliveries_waiting')
      .on(t.lane, t.endpointId, sql`coalesce(${t.tenantId}, '')`, t.startAt, t.id)
      .where(sql`${t.state} = 'pending' and ${t.startAt} is not null`),
    index('webhook_deliveries_under_way')
      .on(t.endpointId, t.underWayUntil)
      .where(sql`${t.state} = 'pending' and ${t.underWayUntil} is not null`),
    /** Deliveries whose workflow runs or is missing; those that wait may outnumber them by far. */
    index('webhook_deliveries_started')
      .on(t.nextAttemptAt)
      .where(sql`${t.state} = 'pending' and ${t.startAt} is null`),
  ],
);

/**
 * A row per feed (`messages`, `events`), whose number is the last that was given to one of its rows, and a row per reader of
 * the events (`outbox`, `notices`), whose number is the last that it has read.
 */
export const feedState = pgTable('feed_state', {
  name: text('name').$type<'messages' | 'events' | 'outbox' | 'notices'>().primaryKey(),
  /** Cursors carry it; one of another epoch is answered 410 `feed_reset`. */
  epoch: text('epoch').notNull(),
  number: bigint('number', { mode: 'bigint' })
    .notNull()
    .default(sql`0`),
  /** Where the numbers were given; elsewhere, in a restored database, numbers go on beyond all that may have been given. */
  place: text('place'),
  /** The position of the release before, which the next release drops. */
  xact: xid8('xact').notNull().default('0'),
  seq: bigint('seq', { mode: 'bigint' })
    .notNull()
    .default(sql`0`),
});
