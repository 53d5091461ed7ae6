import type { Context } from '../../runtime/context.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import { channelWorkflowId } from '../../domain/workflow/names.ts';
import { isoOrNull } from './time.ts';
import type { Channel } from '../schemas/channels.ts';

/** A channel as the API shows it. `tokenExpiresAt` null: a password, or shredded. */
export function presentChannel(
  context: Pick<Context, 'temporal'>,
  row: ChannelRow,
  tokenExpiresAt: Date | null,
): Channel {
  return {
    id: row.id,
    tenant: row.tenantId,
    kind: row.kind,
    access_type: row.accessType,
    uses: row.uses,
    account: { email: row.accountEmail, login: row.accountLogin, provider_id: row.accountProviderId },
    owner: row.owner,
    ...presentLife(row),
    credential_version: row.credentialVersion,
    token_expires_at: isoOrNull(tokenExpiresAt),
    next_refresh_at: isoOrNull(row.nextRefreshAt),
    last_verified_at: isoOrNull(row.lastVerifiedAt),
    covered_until: isoOrNull(row.coveredUntil),
    import_state: row.importState,
    import: row.importMode,
    keep_warm: row.keepWarm,
    workflow: { id: channelWorkflowId(row.id), url: context.temporal.workflowUrl(row.id) },
    created_at: row.createdAt.toISOString(),
    metadata: row.metadata,
    revocation: row.revocation,
    revocation_help: row.revocationHelp,
  };
}

function presentLife(row: ChannelRow) {
  return {
    status: row.status,
    status_reason: row.statusReason,
    status_since: row.statusSince.toISOString(),
    action: row.action,
    provider_code: row.providerCode,
    incident: row.incidentId,
  };
}
