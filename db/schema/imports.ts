import { sql } from 'drizzle-orm';
import {
  boolean,
  foreignKey,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import type { ComparedState } from '../../domain/messages/compared-state.ts';
import type { MediaType } from '../../domain/messages/media-type.ts';
import type { SetAsideReason } from '../../domain/receipt.ts';
import { time } from './columns.ts';
import { tenantOfChannel } from './tenants.ts';
import { channelId } from './channels.ts';

export const cursors = pgTable(
  'cursors',
  {
    channelId: channelId(),
    tenantId: tenantOfChannel(),
    scope: text('scope').notNull(),
    name: text('name'),
    /** Everything up to here is durably stored (rule 9). */
    cursor: text('cursor').notNull(),
    /** The state in which audits found it complete at this cursor; null: none is known. */
    compared: jsonb('compared').$type<ComparedState>(),
    updatedAt: time('updated_at').notNull(),
  },
  (t) => [primaryKey({ columns: [t.channelId, t.scope] })],
);

/** Parts whose position cannot be taken. Those whose listing fails are set aside in their import (`import_scopes`). */
export const partsAside = pgTable(
  'parts_aside',
  {
    channelId: channelId(),
    tenantId: tenantOfChannel(),
    scope: text('scope').notNull(),
    name: text('name'),
    reason: text('reason').$type<SetAsideReason>().notNull(),
    since: time('since').notNull(),
    /** When it is asked for again. null: it is back, and its first cursor is still to come. */
    retryAt: time('retry_at'),
  },
  (t) => [primaryKey({ columns: [t.channelId, t.scope] })],
);

export const imports = pgTable(
  'imports',
  {
    id: text('id').primaryKey(),
    channelId: channelId(),
    tenantId: tenantOfChannel(),
    state: text('state').$type<'running' | 'completed' | 'stalled' | 'cancelled'>().notNull(),
    cause: text('cause').$type<'poll' | 'push' | 'reauthorized' | 'requested' | 'access_changed'>().notNull(),
    windowFrom: time('window_from'),
    windowTo: time('window_to'),
    /** A requested window never moves the cursor. */
    movesCursor: boolean('moves_cursor').notNull(),
    /** Its messages were missed during a gap. */
    backfill: boolean('backfill').notNull(),
    /** The window's id set was listed again after the last page and compared with what is stored. */
    compared: boolean('compared').notNull().default(false),
    estimate: integer('estimate'),
    startedAt: time('started_at').notNull(),
    completedAt: time('completed_at'),
    /** Failed slices in a row, for backoff. */
    failures: integer('failures').notNull().default(0),
    /** The daily audit of the last two days; it moves no cursor and emits events only if it finds something. */
    audit: boolean('audit').notNull().default(false),
    /** When its slices began to break for a reason of our own; null: they do not break. */
    stalledAt: time('stalled_at'),
    /**
     * It broke and has left the lane: polls go on from its heads, and it imports what came before them. Nothing is covered
     * meanwhile.
     */
    owed: boolean('owed').notNull().default(false),
    /** `import.started` was emitted, so its end is emitted too, with any result. */
    told: boolean('told').notNull().default(false),
    /** It has ended, and its quarantine is being retried. */
    replaying: boolean('replaying').notNull().default(false),
    /**
     * A person asked for that replay and is told of its end; one that begins by itself tells only of what it brought.
     */
    replayAsked: boolean('replay_asked').notNull().default(false),
  },
  (t) => [
    index('imports_channel').on(t.channelId, t.id),
    /** One lane per channel for imports that move its cursor; requested windows, however long, do not hold it up. */
    uniqueIndex('imports_running')
      .on(t.channelId)
      .where(sql`${t.state} = 'running' and ${t.movesCursor}`),
    /** Requested windows, which wait for each other. */
    index('imports_requested')
      .on(t.channelId, t.id)
      .where(sql`${t.state} = 'running' and not ${t.movesCursor}`),
    uniqueIndex('imports_auditing')
      .on(t.channelId)
      .where(sql`${t.state} = 'running' and ${t.audit}`),
    /** The few that have left the lane. */
    index('imports_owed')
      .on(t.channelId)
      .where(sql`${t.owed}`),
    /** The few whose quarantine is being retried. */
    index('imports_replaying')
      .on(t.channelId)
      .where(sql`${t.replaying}`),
  ],
);

export const importScopes = pgTable(
  'import_scopes',
  {
    importId: text('import_id')
      .notNull()
      .references(() => imports.id, { onDelete: 'cascade' }),
    scope: text('scope').notNull(),
    channelId: text('channel_id').notNull(),
    tenantId: tenantOfChannel(),
    name: text('name'),
    /** `begin`: a window too, of a channel that was `off` until its mode changed. */
    listing: text('listing').$type<'changes' | 'window' | 'begin'>().notNull(),
    /** Where a change listing began; the comparison covers from here. */
    fromCursor: text('from_cursor'),
    /** Taken before a window listing begins; becomes the cursor in its last transaction (rule 9). */
    headCursor: text('head_cursor'),
    headAt: time('head_at'),
    /** Of an audit: the state at the head, if it is to be stored after the comparison. */
    headState: text('head_state'),
    position: text('position'),
    state: text('state').$type<'listing' | 'comparing' | 'done'>().notNull(),
    /** Counted listings that did not end; the more, the smaller the next page. */
    tries: integer('tries').notNull().default(0),
    /** Pages without anything new: a listing that has too many makes no progress. */
    idlePages: integer('idle_pages').notNull().default(0),
    /** Set aside until then. */
    retryAt: time('retry_at'),
    /** Why it was set aside last; null: its listing did not end. */
    asideReason: text('aside_reason').$type<SetAsideReason>(),
    /** Since when it is set aside, across retries. */
    setAsideAt: time('set_aside_at'),
  },
  (t) => [
    primaryKey({ columns: [t.importId, t.scope] }),
    /** The few that are set aside, which every poll looks up. */
    index('import_scopes_set_aside')
      .on(t.channelId)
      .where(sql`${t.retryAt} is not null`),
  ],
);

/** What the provider told of a message beside its content, as JSON. */
export interface HeldFacts {
  mediaType: MediaType;
  size: number;
  /** ISO 8601; null: the provider's date was none. */
  receivedAt: string | null;
  folder: string;
  envelope: {
    subject: string | null;
    sender: { email: string; name: string | null } | null;
    recipients: { email: string; name: string | null }[];
    date: string | null;
  } | null;
  record: { providerId: string; revision: number } | null;
}

/** Every listed id with its outcome; the receipt's numbers are SQL over this table. */
export const importItems = pgTable(
  'import_items',
  {
    importId: text('import_id').notNull(),
    scope: text('scope').notNull(),
    generation: text('generation').notNull(),
    providerId: text('provider_id').notNull(),
    /** The scope's; it vouches for both, and goes with them. */
    channelId: text('channel_id').notNull(),
    tenantId: tenantOfChannel(),
    /** null: listed and not settled; counts as missing until then. */
    outcome: text('outcome').$type<'imported' | 'already_had' | 'skipped'>(),
    skipReason: text('skip_reason'),
    /** Only the comparison found it. */
    repaired: boolean('repaired').notNull().default(false),
    tries: integer('tries').notNull().default(0),
    /** The code of the last failure; `worker_lost` is written before a try that may kill the process. */
    lastError: text('last_error'),
    /** When the last try failed. */
    triedAt: time('tried_at'),
    /** Quarantined, and to be retried. */
    replay: boolean('replay').notNull().default(false),
    /** Since when it is in quarantine, again and again. */
    quarantinedAt: time('quarantined_at'),
    /** In quarantine, and tried again by itself then; null: not any more. */
    retryAt: time('retry_at'),
    messageId: text('message_id'),
    listedAt: time('listed_at').notNull(),
    /** Quarantined because this version of the parser broke; a newer one tries again. null: an earlier release's. */
    parserVersion: integer('parser_version'),
    /** Content of an item that was tried alone and is not settled: the parser reads it from here. */
    heldContentId: text('held_content_id'),
    heldFacts: jsonb('held_facts').$type<HeldFacts>(),
  },
  (t) => [
    primaryKey({ columns: [t.importId, t.scope, t.generation, t.providerId] }),
    /** The few that are held, which every sweep of unused content looks up. */
    index('import_items_held')
      .on(t.heldContentId)
      .where(sql`${t.heldContentId} is not null`),
    foreignKey({
      columns: [t.importId, t.scope],
      foreignColumns: [importScopes.importId, importScopes.scope],
    }).onDelete('cascade'),
    /** Read before every page; settled items outnumber these by far. */
    index('import_items_unsettled')
      .on(t.importId, t.scope, t.providerId)
      .where(sql`${t.outcome} is null or ${t.replay}`),
    /** The few that are due: looked for by every poll. */
    index('import_items_retry')
      .on(t.channelId, t.retryAt)
      .where(sql`${t.retryAt} is not null`),
    index('import_items_quarantine')
      .on(t.channelId, t.importId, t.scope, t.generation, t.providerId)
      .where(sql`${t.skipReason} in ('unfetchable', 'unparseable')`),
  ],
);
