import { sql } from 'drizzle-orm';
import { index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import type { AccessType, ChannelKind, ProviderName, Use } from '../../domain/access-type.ts';
import type { ConnectionContext } from '../../domain/connection-context.ts';
import type { Verdict } from '../../domain/verdict.ts';
import { channels } from './channels.ts';
import { renamedJson, time } from './columns.ts';
import type { LinkResult } from './links.ts';
import { tenantId } from './tenants.ts';
import type { Person } from './tenants.ts';

/** What the product said beside the token. */
export interface AdoptionRequest {
  email: string;
  kind: ChannelKind;
  owner: Person | null;
  coveredUntil: string | null;
  /** The shared mailbox that the login reads; absent: the login's own. */
  mailbox?: string;
  /** What the product knows of the connection, for the first refresh. */
  connection?: ConnectionContext;
  /** Whose authorization server takes the token, where the access type has more than one. */
  provider?: ProviderName;
  /** What the connection is for; absent: the uses that the grant allows without a login of their own. */
  uses?: Use[];
}

/** Why an answer did not become a channel: our own check, or what the provider said. */
export type AdoptionFailure =
  | Extract<LinkResult, { status: 'failed' }>
  | { status: 'refused'; message: string; verdict: Verdict };

/** A refresh token that the product hands over: sent once, and what came of it (rule 4). */
export const adoptions = pgTable(
  'adoptions',
  {
    tenantId: tenantId(),
    /** SHA-256 of the token: by it a repeated request is known. */
    tokenHash: text('token_hash').notNull(),
    accessType: text('access_type').$type<AccessType>().notNull(),
    request: renamedJson('request').$type<AdoptionRequest>().notNull(),
    /** The token itself, sealed to the workers: what is kept where the answer brings no new one. */
    sealedToken: text('sealed_token'),
    /** Who is at it; another holder has taken it over, and the former sends nothing any more. */
    holder: text('holder').notNull(),
    /** When a worker may take it; its holder moves this ahead. null: it rests until the product asks again. */
    dueAt: time('due_at'),
    /** How often a worker has tried to finish it. */
    tries: integer('tries').notNull().default(0),
    createdAt: time('created_at').notNull(),
    /** Set just before the socket is written; null: the provider never saw the token. */
    sentAt: time('sent_at'),
    answeredAt: time('answered_at'),
    /** The raw answer, sealed before it was parsed. */
    sealedAnswer: text('sealed_answer'),
    /** Why the last try did not finish it; null while a process works on it. */
    failure: jsonb('failure').$type<AdoptionFailure>(),
    /** What it became; then nothing sealed is left here. */
    channelId: text('channel_id').references(() => channels.id, { onDelete: 'cascade' }),
    /** Deleted then, if the product did not ask again. */
    expiresAt: time('expires_at').notNull(),
  },
  (t) => [
    primaryKey({ columns: [t.tenantId, t.tokenHash] }),
    index('adoptions_due')
      .on(t.dueAt)
      .where(sql`${t.sealedAnswer} is not null and ${t.channelId} is null`),
    index('adoptions_channel').on(t.channelId),
    index('adoptions_expiry').on(t.expiresAt),
  ],
);
