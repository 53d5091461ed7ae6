import type { AccessType, ChannelKind, ImportMode, KeepWarm, Use } from '../../domain/access-type.ts';
import type { Status } from '../../domain/channel.ts';
import type { EventType } from '../../domain/event.ts';
import type { Action, StatusReason } from '../../domain/verdict.ts';

/** What `/v1` answers, as far as the pages read it. */
export interface Page<T> {
  data: T[];
  next: string | null;
}

export interface Channel {
  id: string;
  tenant: string;
  kind: ChannelKind;
  access_type: AccessType;
  uses: Use[];
  account: { email: string; login: string; provider_id: string };
  owner: { email: string; name: string | null } | null;
  status: Status;
  status_reason: StatusReason | null;
  status_since: string;
  action: Action;
  provider_code: string | null;
  credential_version: number;
  token_expires_at: string | null;
  next_refresh_at: string | null;
  last_verified_at: string | null;
  covered_until: string | null;
  import_state: 'idle' | 'catching_up' | 'stalled';
  import: ImportMode;
  keep_warm: KeepWarm;
  incident: string | null;
  workflow: { id: string; url: string | null };
  created_at: string;
  verification?: Verification;
  revocation?: 'done' | 'shared' | 'unsupported' | 'failed' | null;
  revocation_help?: string | null;
}

export interface Verification {
  ok: boolean;
  proved: string | null;
  at: string;
}

export interface Import {
  id: string;
  channel: string;
  state: 'running' | 'completed' | 'stalled' | 'cancelled';
  cause: 'poll' | 'push' | 'reauthorized' | 'requested' | 'access_changed';
  window: { from: string | null; to: string | null } | null;
  found: number;
  imported: number;
  already_had: number;
  repaired: number;
  missing: number;
  compared: boolean;
  /** Its quarantine is being tried once more. */
  replaying?: boolean;
  /** Folders that could not be listed, and when that is tried again. */
  set_aside?: { folder: string; since: string; retry_at: string }[];
  skipped: { reason: string; count: number }[];
  progress: { done: number; estimate: number | null } | null;
  started_at: string;
  completed_at: string | null;
}

/** A message that could not be fetched or read after three tries. */
export interface Quarantined {
  id: string;
  provider_id: string;
  folder: string | null;
  reason: 'unfetchable' | 'unparseable';
  error: string | null;
  tries: number;
  since: string;
}

export interface ChannelEvent {
  id: string;
  type: EventType;
  at: string;
  channel?: string | null;
  tenant?: string | null;
  incident: string | null;
  data: Record<string, unknown>;
}

export interface Message {
  id: string;
  provider_id: string;
  folder: string;
  subject: string | null;
  from: unknown;
  date: string | null;
  size: number;
  backfilled: boolean;
  stored_at: string;
}

export interface Link {
  id: string;
  url: string;
  purpose: 'connect' | 'reauthorize' | 'change_access';
  expires_at: string;
}

export interface WebhookEndpoint {
  id: string;
  url: string;
  events: EventType[] | null;
  tenant: string | null;
  disabled: boolean;
  /** Shown once, in the answer that made the endpoint. */
  secret?: string;
}

export interface Delivery {
  id: string;
  state: 'pending' | 'delivered' | 'failed';
  /** 0 the first time; else the how many-eth repetition. */
  redelivery: number;
  attempts: number;
  last_status: number | null;
  last_error: string | null;
  last_attempt_at: string | null;
  next_attempt_at: string | null;
  delivered_at: string | null;
  created_at: string;
  event: { id: string; type: EventType };
}

export interface UiSession {
  access_types: AccessType[];
  temporal_ui: string | null;
  sandbox_page: string | null;
}

/** `GET /connect/:link/session`. */
export interface ConnectSession {
  purpose: Link['purpose'];
  access_types: AccessType[];
  tenant: string;
  channel: {
    account: Channel['account'] | string;
    access_type: AccessType;
    status_reason: StatusReason | null;
    /** Where the password was used last; nothing secret, so that its owner need not know it by heart. */
    server?: { host: string; port: number; security: 'tls' | 'starttls' } | null;
  } | null;
  expires_at: string;
  done: boolean;
  result: ConnectResult | null;
  return_to?: string | null;
}

type ConnectResult =
  | { status: 'connected'; channel: string | { id: string; account?: Channel['account'] } }
  | ConnectFailure;

interface ConnectFailure {
  status: 'failed';
  code: string;
  detail: string;
  expected?: unknown;
  received?: unknown;
}

export interface ConnectProgress {
  import: Import | null;
  channel: { account: Channel['account'] | string; status: Status } | null;
}
