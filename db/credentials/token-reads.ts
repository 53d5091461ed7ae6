import { inArray } from 'drizzle-orm';
import type { Status } from '../../domain/channel.ts';
import type { Action, StatusReason } from '../../domain/verdict.ts';
import type { Database, Transaction } from '../client.ts';
import { withoutValues } from '../database-error.ts';
import { credentials } from '../schema/credentials.ts';
import type { CredentialRow } from './credentials.ts';

export interface TokenQuestion {
  channelId: string;
  /** null: a key that sees every tenant. */
  tenantId: string | null;
  /** Who reads, for the audit. */
  apiKeyId: string;
  now: Date;
  /** Life that must be left for a token to be fresh, in ms; null: as much as rule 6 says. */
  minLifeMs: number | null;
}

/**
 * How much life a token has left. `fresh`: as much as was asked for. `least`: enough to be of use to a reader that has
 * waited for a refresh, min(5 s, 5 % of its life).
 */
type LifeLeft = 'fresh' | 'least';

/** A channel's token as far as it may be told: the ciphertext is there only when it was audited (`served`). */
export interface TokenReading {
  tenantId: string;
  status: Status;
  statusReason: StatusReason | null;
  action: Action;
  /** null: there is no credential (any more). */
  kind: 'oauth' | 'password' | null;
  version: number | null;
  accessTokenJwe: string | null;
  tokenType: string | null;
  issuedAt: Date | null;
  expiresAt: Date | null;
  scopes: string[];
  /** The provider was seen or reported to refuse it. */
  refused: boolean;
  /** null: it is not given out. */
  served: LifeLeft | null;
}

interface Row extends Record<string, unknown> {
  tenant_id: string;
  status: Status;
  status_reason: StatusReason | null;
  action: Action;
  kind: 'oauth' | 'password' | null;
  version: number | null;
  access_token_jwe: string | null;
  token_type: string | null;
  issued_at: string | null;
  expires_at: string | null;
  scopes: string[] | null;
  refused: boolean;
  served: LifeLeft | null;
}

/**
 * One call, one round trip: reads the token and writes the audit row, or does neither (S-35). The token comes with at
 * least as much life as `wanted`. null when there is no such channel in that tenant.
 */
export async function readAccessToken(
  database: Database,
  question: TokenQuestion,
  wanted: LifeLeft = 'fresh',
): Promise<TokenReading | null> {
  const { channelId, tenantId, apiKeyId, now, minLifeMs } = question;
  const [row] = await withoutValues(
    database.app<Row[]>`
      select * from serve_access_token(
        ${channelId}, ${tenantId}, ${apiKeyId}, ${now.toISOString()}, ${wanted}, ${minLifeMs})`,
  );
  if (!row) return null;
  return {
    tenantId: row.tenant_id,
    status: row.status,
    statusReason: row.status_reason,
    action: row.action,
    kind: row.kind,
    version: row.version,
    accessTokenJwe: row.access_token_jwe,
    tokenType: row.token_type,
    issuedAt: row.issued_at === null ? null : new Date(row.issued_at),
    expiresAt: row.expires_at === null ? null : new Date(row.expires_at),
    scopes: row.scopes ?? [],
    refused: row.refused,
    served: row.served,
  };
}

export type CredentialFacts = Pick<CredentialRow, 'kind' | 'oauthProvider' | 'expiresAt'>;

/** What may be shown of these channels' credentials; a channel whose credential is shredded is not in the map. */
export async function findCredentialFacts(
  tx: Transaction,
  channelIds: string[],
): Promise<Map<string, CredentialFacts>> {
  if (channelIds.length === 0) return new Map();
  const { channelId, kind, oauthProvider, expiresAt } = credentials;
  const rows = await tx
    .select({ channelId, kind, oauthProvider, expiresAt })
    .from(credentials)
    .where(inArray(credentials.channelId, channelIds));
  return new Map(rows.map(({ channelId, ...facts }) => [channelId, facts]));
}
