import { sql } from 'drizzle-orm';
import { bigint, boolean, index, integer, jsonb, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';
import type { AccessType, ChannelKind, ImportMode, KeepWarm, Namespace, Use } from '../../domain/access-type.ts';
import { BY_NEED, LEFT, NEEDS_PERSON } from '../../domain/channel.ts';
import type { Status } from '../../domain/channel.ts';
import type { PasswordRetries } from '../../domain/backoff.ts';
import type { StoredScope } from '../../domain/incidents/incident.ts';
import type { ProviderName } from '../../domain/access-type.ts';
import type { SubmissionServer } from '../../domain/server.ts';
import type { Action, StatusReason, VerdictKind } from '../../domain/verdict.ts';
import { serverColumn, time } from './columns.ts';
import { tenantId, tenantOfChannel, tenants } from './tenants.ts';
import type { Person } from './tenants.ts';

/** A refusal that is not believed yet: its kind, the half it concerns, how often in a row, and with which credential first. */
export interface Suspicion {
  tried: 'credential' | 'access';
  kind: VerdictKind;
  times: number;
  credentialVersion: number;
  /** When it was last counted, in ms since the epoch. */
  at: number;
}

/** In words, not as parameters: a plan made for any parameter cannot use a partial index. */
export const hasNotLeft = (status: AnyPgColumn) =>
  sql`${status} not in (${sql.raw(LEFT.map((one) => `'${one}'`).join(', '))})`;

/** A person of the tenant has to act; the operator's own trouble is no person's (rule 11). In words, as above. */
export const needsPerson = ({ status, action }: { status: AnyPgColumn; action: AnyPgColumn }) =>
  sql`${status} in (${sql.raw(NEEDS_PERSON.map((one) => `'${one}'`).join(', '))}) and ${action} <> 'fix_app_credentials'`;

/** The place of a status in `BY_NEED`. In words, as above: an index has it. */
export const needRank = ({ status }: { status: AnyPgColumn }) =>
  sql`case ${status} ${sql.raw(BY_NEED.map((one, rank) => `when '${one}' then ${rank}`).join(' '))} end`;

/** What a search looks in. An index has the same words. */
export const searchedText = (t: Record<'accountEmail' | 'accountLogin' | 'owner' | 'id', AnyPgColumn>) =>
  sql`lower(${t.accountEmail} || ' ' || ${t.accountLogin} || ' ' || coalesce(${t.owner}->>'email', '') || ' ' || coalesce(${t.owner}->>'name', '') || ' ' || ${t.id})`;

export const channels = pgTable(
  'channels',
  {
    id: text('id').primaryKey(),
    tenantId: tenantId(),
    kind: text('kind').$type<ChannelKind>().notNull(),
    accessType: text('access_type').$type<AccessType>().notNull(),
    /** The uses that the live credential allows. */
    uses: text('uses').array().$type<Use[]>().notNull(),
    /** The uses that were asked for and are not granted, or no longer: a new sign-in asks for them again. */
    missingUses: text('missing_uses').array().$type<Use[]>().notNull().default([]),
    accountEmail: text('account_email').notNull(),
    accountLogin: text('account_login').notNull(),
    accountProviderId: text('account_provider_id').notNull(),
    /**
     * The mailbox, as the adapter identifies it (`Identity.mailboxKey`). Followed by the channel's id where an earlier
     * release made two live channels of one account.
     */
    mailboxKey: text('mailbox_key').notNull(),
    /** The server that the mailbox is at (`Identity.serverKey`); empty where the provider vouches, or it is not known. */
    serverKey: text('server_key').notNull().default(''),
    /** Where a password channel's server is: the form to sign in again shows it; null for the others. */
    server: serverColumn('server'),
    /** The server that sends its mail; null where it only reads, or the provider's API or configured server sends. */
    smtp: jsonb('smtp').$type<SubmissionServer>(),
    owner: jsonb('owner').$type<Person>(),
    metadata: jsonb('metadata').$type<Record<string, unknown>>().notNull().default({}),

    status: text('status').$type<Status>().notNull(),
    statusReason: text('status_reason').$type<StatusReason>(),
    statusSince: time('status_since').notNull(),
    action: text('action').$type<Action>().notNull().default('none'),
    providerCode: text('provider_code'),
    /** The provider told the reason by a security event, where its answers leave it open. */
    reasonTold: boolean('reason_told').notNull().default(false),
    /** When the pause began, also while the status waits for a person; null: no pause. */
    pausedAt: time('paused_at'),
    incidentId: text('incident_id'),
    /** The incident of the operator's client whose canary this channel waits for; null: it waits for none. */
    waitsFor: text('waits_for'),
    credentialVersion: integer('credential_version').notNull(),
    /** The version with which the present access began: a session of an access before it stores nothing any more. */
    accessVersion: integer('access_version').notNull().default(1),
    lastVerifiedAt: time('last_verified_at'),

    coveredUntil: time('covered_until'),
    importState: text('import_state').$type<'idle' | 'catching_up' | 'stalled'>().notNull().default('idle'),
    importMode: text('import_mode').$type<ImportMode>().notNull().default('continuous'),
    /**
     * From when on messages are ours to import, by the provider's clock, where that is not the connection by ours: the
     * clocks differ, or the mode was changed since.
     */
    ownedFrom: time('owned_from'),
    /** Whose folders are imported; null: the mailbox's own. */
    namespaces: text('namespaces').array().$type<Namespace[]>(),
    keepWarm: text('keep_warm').$type<KeepWarm>().notNull().default('always'),

    /** Facts for the workflow, written with a nudge, cleared by the deed that answers them. */
    refreshRequestedAt: time('refresh_requested_at'),
    /** A provider has said then that the grant has ended: only a refresh that is answered later proves it. */
    proofRequestedAt: time('proof_requested_at'),
    checkRequestedAt: time('check_requested_at'),
    pollRequestedAt: time('poll_requested_at'),
    disconnectRequestedAt: time('disconnect_requested_at'),
    eraseRequested: boolean('erase_requested').notNull().default(false),
    /** The last check that a failure report caused: another report within seconds gets its time. */
    checkedAt: time('checked_at'),

    /** When the next refresh, poll and retry after trouble are due; null: not scheduled. */
    nextRefreshAt: time('next_refresh_at'),
    /** When the workflow polls; null: listeners look for news (`watches`) and ask for a poll when there is some. */
    nextPollAt: time('next_poll_at'),
    /** When the workflow compares routine imports with the provider's list; null: listeners see nothing to compare. */
    nextAuditAt: time('next_audit_at'),
    /** When the person who must act is next reminded; null: not at all. */
    nextReminderAt: time('next_reminder_at'),
    retryAt: time('retry_at'),
    /** Consecutive failures, for backoff; 0 after every success. */
    failures: integer('failures').notNull().default(0),
    /** What the trouble is with: only the same kind of call proves it gone. */
    trouble: text('trouble').$type<'credential' | 'access'>(),
    /** A refusal that has to be seen again, by a spaced try or with a newer token, before it is believed (rule 5). */
    suspicion: jsonb('suspicion').$type<Suspicion>(),
    /** The sparse tries of a refused password; null: its sign-in was not refused. A new sign-in begins anew. */
    passwordRetries: jsonb('password_retries').$type<PasswordRetries>(),
    /** When the account last showed a lock-out: its password is never retried again. */
    lockedOutAt: time('locked_out_at'),
    /** When `gap.detected` last told of an expired cursor: a cursor may expire at every poll. */
    gapToldAt: time('gap_told_at'),
    /**
     * Earliest of all due times; the reconcile looks for channels whose time is minutes past, and moves it to look for the
     * channel again.
     */
    nextDueAt: time('next_due_at'),
    /** Signals of the reconcile since the workflow last looked: their gaps grow. */
    overdueSignals: integer('overdue_signals').notNull().default(0),
    /** The workflow's own growing number: a write of an older wake is dropped. */
    workflowSeq: bigint('workflow_seq', { mode: 'number' }).notNull().default(0),

    revocation: text('revocation').$type<'done' | 'shared' | 'unsupported' | 'failed'>(),
    revocationHelp: text('revocation_help'),
    disconnectedAt: time('disconnected_at'),
    /** When the messages of an erased channel were gone; null: they are not, or no erasure was asked for. */
    erasedAt: time('erased_at'),
    createdAt: time('created_at').notNull(),
  },
  (t) => [
    /** One live channel per tenant, access type, mailbox and server: connecting it again reauthorizes this one. */
    uniqueIndex('channels_live_account')
      .on(t.tenantId, t.accessType, t.mailboxKey, t.serverKey)
      .where(hasNotLeft(t.status)),
    index('channels_tenant').on(t.tenantId, t.id),
    /** The orders of a list, of a tenant's channels and of all (`db/channels/channel-list.ts`). */
    index('channels_tenant_by_need').on(t.tenantId, sql`(${needRank(t)})`, t.statusSince, t.id),
    index('channels_by_need').on(sql`(${needRank(t)})`, t.statusSince, t.id),
    index('channels_tenant_by_email').on(t.tenantId, sql`lower(${t.accountEmail})`, t.id),
    index('channels_by_email').on(sql`lower(${t.accountEmail})`, t.id),
    index('channels_tenant_by_status_since').on(t.tenantId, t.statusSince, t.id),
    index('channels_by_status_since').on(t.statusSince, t.id),
    /** Any part of an address, by its trigrams; row-level security keeps a tenant's search to its own rows instead. */
    index('channels_text').using('gin', sql`(${searchedText(t)}) gin_trgm_ops`),
    /** Lists and counts of one status, and of a tenant's. */
    index('channels_status').on(t.status, t.id),
    index('channels_tenant_status').on(t.tenantId, t.status, t.id),
    index('channels_stalled')
      .on(t.id)
      .where(sql`${t.importState} = 'stalled'`),
    index('channels_due').on(t.nextDueAt),
    /** What a banner shows of a tenant; `needsPerson` has the same words. */
    index('channels_needing_person').on(t.tenantId, t.statusSince).where(needsPerson(t)),
    /** A push names a mailbox, and no tenant. */
    index('channels_mailbox').on(t.mailboxKey, t.accessType),
    /** A security event names a login, and no tenant. */
    index('channels_login').on(t.accountProviderId),
    /** How many live channels an access type has, of whom, and at which server. */
    index('channels_live').on(t.accessType, t.tenantId).where(hasNotLeft(t.status)),
    index('channels_live_server')
      .on(t.accessType, t.serverKey)
      .where(sql`${hasNotLeft(t.status)} and ${t.serverKey} <> ''`),
    /** Who fails, and who failed a moment ago: a look at them must not read the others. */
    index('channels_degraded')
      .on(t.accessType, t.serverKey)
      .where(sql`${t.status} = 'degraded'`),
    index('channels_degraded_since')
      .on(t.statusSince)
      .where(sql`${t.status} = 'degraded'`),
    index('channels_reauth_since')
      .on(t.statusSince)
      .where(sql`${t.status} = 'reauth_required'`),
    index('channels_incident')
      .on(t.incidentId, t.id)
      .where(sql`${t.incidentId} is not null`),
    /** What is left of erasures that were interrupted. */
    index('channels_erasing')
      .on(t.id)
      .where(sql`${t.eraseRequested} and ${t.erasedAt} is null and ${t.status} = 'disconnected'`),
    index('channels_waiting')
      .on(t.waitsFor, t.id)
      .where(sql`${t.waitsFor} is not null`),
  ],
);

export const nudges = pgTable(
  'nudges',
  {
    /** One per channel: ten thousand pushes are one row and one signal. */
    channelId: text('channel_id')
      .primaryKey()
      .references(() => channels.id, { onDelete: 'cascade' }),
    tenantId: tenantOfChannel(),
    createdAt: time('created_at').notNull(),
    /** When a signal was last sent for it, by the request that made it or by the reconcile. */
    signalledAt: time('signalled_at'),
    /** Signals of the reconcile: their gaps grow. */
    signals: integer('signals').notNull().default(0),
    /** When the reconcile signals it; a nudge that an earlier release wrote is due at once. */
    nextSignalAt: time('next_signal_at').notNull().default(new Date(0)),
  },
  (t) => [index('nudges_next_signal').on(t.nextSignalAt)],
);

/** A channel's trouble from first sign to recovery, or one of many channels (`channel_id` null), which no tenant owns. */
export const incidents = pgTable(
  'incidents',
  {
    id: text('id').primaryKey(),
    scope: text('scope').$type<StoredScope>().notNull().default('channel'),
    tenantId: text('tenant_id').references(() => tenants.id, { onDelete: 'cascade' }),
    channelId: text('channel_id').references(() => channels.id, { onDelete: 'cascade' }),
    /** The access type. */
    provider: text('provider').$type<AccessType>().notNull(),
    /** The client that is refused, of an incident of the operator's; null: a type that no worker serves. */
    client: text('client'),
    /** Whose authorization server the client belongs to, where the access type has several; null: there is one. */
    oauthProvider: text('oauth_provider').$type<ProviderName>(),
    /** The one mail server (`channels.server_key`) it is about; null: the whole access type. */
    server: text('server'),
    reason: text('reason').$type<StatusReason>(),
    providerCode: text('provider_code'),
    action: text('action').$type<Action>(),
    openedAt: time('opened_at').notNull(),
    closedAt: time('closed_at'),
    /** The wider incident that this one is part of: it is no problem of its own. */
    foldedInto: text('folded_into'),
    /** It asked a person to act. */
    neededPerson: boolean('needed_person').notNull().default(false),
    /** Since when. */
    neededPersonAt: time('needed_person_at'),
    /** Reminders that were due since then. */
    reminders: integer('reminders').notNull().default(0),
    /** The last of them. */
    remindedAt: time('reminded_at'),
    /** The last proof, before it opened, that the channel worked. */
    workedUntil: time('worked_until'),
    /** It closed because the channel worked again, not because a person acted: trouble that returns soon reopens it. */
    healed: boolean('healed').notNull().default(false),
    /** It closed because a person signed in. */
    reauthorized: boolean('reauthorized').notNull().default(false),
    /** It closed because the channel was paused: trouble that is still there after the pause reopens it. */
    paused: boolean('paused').notNull().default(false),
    /** When trouble last returned; its end was told before. */
    reopenedAt: time('reopened_at'),
    /** The half of a connection that the operator's client is refused at. */
    tried: text('tried').$type<'credential' | 'access'>(),
    /** The one channel that tries the operator's client while the others wait, and until when it has to. */
    canaryId: text('canary_id'),
    canaryUntil: time('canary_until'),
    /** Since when fewer channels fail than make a wider incident; null: as many still do. */
    calmSince: time('calm_since'),
    /** Until when notices of its channels are held for the operator; null: it holds none. */
    holdsUntil: time('holds_until'),
  },
  (t) => [
    /** What a channel went through in the last month. */
    index('incidents_channel').on(t.channelId, t.openedAt),
    index('incidents_tenant').on(t.tenantId, t.id),
    index('incidents_open')
      .on(t.id)
      .where(sql`${t.closedAt} is null`),
    /** Those of many channels. */
    index('incidents_wider')
      .on(t.id)
      .where(sql`${t.channelId} is null`),
    index('incidents_folded')
      .on(t.foldedInto)
      .where(sql`${t.foldedInto} is not null`),
    /** For service levels. */
    index('incidents_of_person')
      .on(t.neededPersonAt)
      .where(sql`${t.neededPersonAt} is not null`),
    index('incidents_of_tenants_person')
      .on(t.tenantId, t.neededPersonAt)
      .where(sql`${t.neededPersonAt} is not null`),
    uniqueIndex('incidents_open_operator')
      .on(t.provider, t.client, t.reason)
      .where(sql`${t.closedAt} is null and ${t.channelId} is null`),
    uniqueIndex('incidents_open_provider')
      .on(t.provider, sql`coalesce(${t.server}, '')`, t.action)
      .where(sql`${t.closedAt} is null and ${t.scope} = 'provider'`),
    uniqueIndex('incidents_open_channel')
      .on(t.channelId)
      .where(sql`${t.closedAt} is null and ${t.channelId} is not null`),
  ],
);

export const channelId = () =>
  text('channel_id')
    .notNull()
    .references(() => channels.id, { onDelete: 'cascade' });
