import manifest from '../../package.json' with { type: 'json' };
import { findPolicy } from '../../db/access/tenants.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import { countAffected, listIncidents } from '../../db/incidents/list.ts';
import {
  findCredentialForSupport,
  findWatchForSupport,
  listAttemptsForSupport,
  listNoticesForSupport,
  serverVersion,
} from '../../db/channels/support-facts.ts';
import type { Transaction } from '../../db/client.ts';
import { listTimeline } from '../../db/events/timeline.ts';
import { listImports } from '../../db/imports/receipts.ts';
import { NEWEST_MIGRATION } from '../../db/newest-migration.ts';
import type { ApiContext } from '../api-context.ts';
import { presentEvent } from '../presenters/event.ts';
import { presentImport } from '../presenters/import.ts';
import { presentIncident } from '../presenters/incident.ts';
import { presentPolicy } from '../presenters/policy.ts';
import { isoOrNull } from '../presenters/time.ts';
import { showChannel } from '../routes/channels.ts';
import type { SupportBundle } from './bundle-schema.ts';
import { presentConfiguration } from './configuration.ts';
import { listWorkflowRuns, temporalVersion } from './workflow-runs.ts';

const MOST_EVENTS = 500;
const MOST = 50;

type StoredPart = Omit<SupportBundle, 'generated_at' | 'workflow_runs' | 'configuration' | 'versions'> & {
  postgresql: string;
};

/** The rows of a channel, as far as a stranger at support may read them. */
export async function readStored(context: ApiContext, tx: Transaction, row: ChannelRow): Promise<StoredPart> {
  const { id, tenantId } = row;
  const { metadata: _, ...channel } = await showChannel(context, tx, row);
  const imports = await listImports(tx, { channelId: id, after: null, limit: MOST });
  const events = await listTimeline(tx, { channelId: id, before: null, limit: MOST_EVENTS });
  const every = { tenantId, channelId: id, state: null, scope: null, partOf: null, after: null };
  const incidents = await listIncidents(tx, { ...every, limit: MOST });
  const counts = await countAffected(tx, incidents);
  return {
    channel,
    timeline: events.map(presentEvent),
    incidents: incidents.map((it) => presentIncident(context, it, { counts: counts.get(it.id) ?? null, held: 0 })),
    provider_answers: {
      ...(await presentAnswers(tx, row)),
      watch: await presentWatch(tx, id),
    },
    imports: imports.map(presentImport),
    notices: await presentNotices(tx, id),
    policy: presentPolicy(await findPolicy(tx, tenantId)),
    postgresql: await serverVersion(tx),
  };
}

/** The whole bundle. Temporal is asked outside of the transaction, and may be away. */
export async function completeBundle(
  context: ApiContext,
  { postgresql, ...stored }: StoredPart,
): Promise<SupportBundle> {
  const importIds = stored.imports.map(({ id }) => id);
  const [runs, temporal] = await Promise.all([
    listWorkflowRuns(context, stored.channel.id, importIds),
    temporalVersion(context),
  ]);
  return {
    generated_at: (await context.clock.now()).toISOString(),
    ...stored,
    workflow_runs: runs,
    configuration: presentConfiguration(context),
    versions: {
      mooring: manifest.version,
      migration: new Date(NEWEST_MIGRATION).toISOString(),
      node: process.version,
      postgresql,
      temporal,
    },
  };
}

async function presentAnswers(
  tx: Transaction,
  row: ChannelRow,
): Promise<Omit<SupportBundle['provider_answers'], 'watch'>> {
  const credential = await findCredentialForSupport(tx, row.id);
  const attempts = await listAttemptsForSupport(tx, row.id, MOST);
  const { suspicion, passwordRetries } = row;
  return {
    reason: row.statusReason,
    code: row.providerCode,
    trouble: row.trouble,
    failures: row.failures,
    retry_at: isoOrNull(row.retryAt),
    suspicion: suspicion && { tried: suspicion.tried, verdict: suspicion.kind, times: suspicion.times },
    password_retried: passwordRetries !== null,
    locked_out_at: isoOrNull(row.lockedOutAt),
    credential: credential && {
      kind: credential.kind,
      version: credential.version,
      secret_version: credential.secretVersion,
      issued_at: isoOrNull(credential.issuedAt),
      expires_at: isoOrNull(credential.expiresAt),
      refused_at: isoOrNull(credential.accessTokenRefusedAt),
      scopes: credential.scopes,
      rotation: credential.rotation,
      leased: credential.isLeased,
      updated_at: credential.updatedAt.toISOString(),
    },
    refreshes: attempts.map((attempt) => ({
      version: attempt.version,
      outcome: attempt.outcome,
      probe: attempt.probe,
      started_at: attempt.startedAt.toISOString(),
      sent_at: isoOrNull(attempt.sentAt),
      answered_at: isoOrNull(attempt.answeredAt),
      abandoned_at: isoOrNull(attempt.abandonedAt),
    })),
  };
}

async function presentWatch(tx: Transaction, channelId: string): Promise<SupportBundle['provider_answers']['watch']> {
  const { subscription, connection } = await findWatchForSupport(tx, channelId);
  return {
    subscription: subscription && {
      expires_at: isoOrNull(subscription.expiresAt),
      renew_at: subscription.renewAt.toISOString(),
      failures: subscription.failures,
      failing_since: isoOrNull(subscription.failingSince),
    },
    connection: connection && {
      lease_until: connection.leaseUntil.toISOString(),
      failures: connection.failures,
      retry_at: isoOrNull(connection.retryAt),
      refused_version: connection.refusedVersion,
    },
  };
}

async function presentNotices(tx: Transaction, channelId: string): Promise<SupportBundle['notices']> {
  const rows = await listNoticesForSupport(tx, channelId, MOST);
  return rows.map((row) => ({
    id: row.id,
    kind: row.kind,
    incident: row.incidentId,
    to: row.recipient,
    why: row.why,
    state: row.state === 'queued' ? 'held' : row.state,
    attempts: row.attempts,
    error: row.error,
    due_at: row.dueAt.toISOString(),
    at: row.at.toISOString(),
  }));
}
