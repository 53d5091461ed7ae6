import type { Context } from '../../runtime/context.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import type { ChannelSetAside } from '../../db/imports/channel-set-aside.ts';
import type { FormerAccess } from '../../db/credentials/former-accesses.ts';
import type { CredentialFacts } from '../../db/credentials/token-reads.ts';
import { channelWorkflowId } from '../../domain/workflow/names.ts';
import { presentPerson } from './person.ts';
import { presentAccess } from './sign-in.ts';
import { isoOrNull } from './time.ts';
import type { Channel } from '../schemas/channels.ts';

/** A channel as the API shows it. `credential` null: it is shredded. */
export function presentChannel(
  context: Pick<Context, 'temporal' | 'providers'>,
  row: ChannelRow,
  {
    credential,
    setAside,
    wayBack,
  }: { credential: CredentialFacts | null; setAside: ChannelSetAside[]; wayBack: FormerAccess | null },
): Channel {
  return {
    id: row.id,
    tenant: row.tenantId,
    kind: row.kind,
    access_type: row.accessType,
    access: presentAccess(context, row, credential),
    uses: row.uses,
    missing_uses: row.missingUses,
    account: { email: row.accountEmail, login: row.accountLogin, provider_id: row.accountProviderId },
    server: row.server,
    smtp: row.smtp,
    owner: row.owner && presentPerson(row.owner),
    ...presentLife(row),
    credential_kind: credential?.kind ?? null,
    credential_version: row.credentialVersion,
    token_expires_at: isoOrNull(credential?.expiresAt ?? null),
    next_refresh_at: isRefreshed(context, row, credential) ? isoOrNull(row.nextRefreshAt) : null,
    last_verified_at: isoOrNull(row.lastVerifiedAt),
    covered_until: isoOrNull(row.coveredUntil),
    import_state: row.importState,
    set_aside: setAside.map(({ folder, reason, count, since, retryAt }) => ({
      folder,
      reason,
      count,
      since: since.toISOString(),
      retry_at: isoOrNull(retryAt),
    })),
    import: row.importMode,
    namespaces: row.namespaces ?? ['personal'],
    keep_warm: row.keepWarm,
    previous_access: wayBack && { access_type: wayBack.accessType, until: wayBack.restsUntil.toISOString() },
    workflow: { id: channelWorkflowId(row.id), url: context.temporal.workflowUrl(row.id) },
    created_at: row.createdAt.toISOString(),
    metadata: row.metadata,
    revocation: row.revocation,
    revocation_help: row.revocationHelp,
  };
}

/** False where access tokens do not expire: what is due for such a channel is a call that proves its token. */
function isRefreshed(
  { providers }: Pick<Context, 'providers'>,
  { accessType }: ChannelRow,
  credential: CredentialFacts | null,
): boolean {
  const ways = providers.get(accessType)?.signIn.oauth ?? [];
  return ways.find(({ provider }) => provider === credential?.oauthProvider)?.neverExpires !== true;
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
