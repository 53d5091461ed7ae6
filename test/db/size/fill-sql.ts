const CHANNEL = `'chn_' || lpad(n::text, 8, '0')`;
const TENANT = `case when n <= :channels / 4 then 'large' else 'tenant_' || n % :tenants end`;
const TYPE = `(array['imap', 'imap', 'imap', 'gmail', 'microsoft'])[1 + n % 5]`;
const each = `from generate_series(1, :channels) n`;

/** Tenants, channels and what belongs to their lives. */
export const LIFE = [
  `insert into tenants (id, policy, created_at)
   select 'tenant_' || n, case when n % 2 = 0 then '{"retention_days": 60}'::jsonb end, now() from generate_series(0, :tenants - 1) n
   union all select 'large', null, now()`,
  `insert into channels (id, tenant_id, kind, access_type, uses, account_email, account_login, account_provider_id, mailbox_key,
     server_key, status, status_since, action, incident_id, credential_version, covered_until, next_due_at, created_at)
   select ${CHANNEL}, ${TENANT}, 'individual', ${TYPE}, '{read}', 'a' || n || '@example.com', 'a' || n, 'a' || n, 'a' || n,
     case when ${TYPE} = 'imap' then 'mail' || n % 500 || '.example.com' else '' end,
     case when n % 1000 = 3 then 'degraded' when n % 500 = 7 then 'reauth_required' when n % 2000 = 11 then 'blocked'
          when n % 50 = 13 then 'disconnected' else 'connected' end,
     now() - interval '3 days', case when n % 500 = 7 then 'reauthorize' else 'none' end,
     case when n % 1000 = 3 or n % 500 = 7 then 'inc_' || n end, 1, now() - interval '1 minute',
     case when n % 50 <> 13 then now() + interval '1 day' + n % 3000 * interval '1 s' end, now() - interval '1 year' ${each}`,
  `insert into credentials (channel_id, tenant_id, kind, version, secret_version, sealed_secret, access_token_jwe, token_type,
     issued_at, expires_at, grant_key, expiry_warn_at, updated_at)
   select ${CHANNEL}, ${TENANT}, 'oauth', 1, 1, 'sealed', 'token', 'Bearer', now(), now() + interval '1 hour', 'grant' || n,
     case when n % 10 = 1 then now() + interval '30 days' + n * interval '1 s' end, now() ${each}`,
  `insert into refresh_attempts (id, channel_id, tenant_id, version, started_at, outcome)
   select 'rfa_' || n || '_' || k, ${CHANNEL}, ${TENANT}, k, now(), 'stored' ${each}, generate_series(1, 2) k`,
  `insert into token_reads (tenant_id, channel_id, api_key_id, version, at)
   select ${TENANT}, ${CHANNEL}, 'key_1', 1, now() ${each}`,
  `insert into nudges (channel_id, tenant_id, created_at, signalled_at, next_signal_at)
   select ${CHANNEL}, ${TENANT}, now(), now(), now() + interval '1 hour' ${each} where n % 100 = 1`,
  `insert into listeners (owner, access_types, alive_until) values ('listener', '{imap,gmail,microsoft}', now() + interval '1 day')`,
  `insert into served_access_types (access_type, served_until)
   select unnest(array['imap', 'gmail', 'microsoft']), now() + interval '1 day'`,
  `insert into watches (channel_id, tenant_id, access_type, host, next_look_at, interval_ms, watched_at, covered_until, owner, lease_until)
   select ${CHANNEL}, ${TENANT}, ${TYPE}, 'mail' || n % 500, now() + interval '1 day' + n % 900 * interval '1 s', 60000, now(), now(), 'listener',
     now() + interval '1 hour' ${each} where n % 50 <> 13`,
  `insert into held_connections (channel_id, tenant_id, owner, lease_until)
   select ${CHANNEL}, ${TENANT}, 'listener', now() + interval '1 hour' ${each} where ${TYPE} = 'imap' and n % 50 <> 13`,
  `insert into subscriptions (channel_id, tenant_id, reference, expires_at, renew_at, failing_since)
   select ${CHANNEL}, ${TENANT}, 'sub' || n, now() + interval '2 days', now() + interval '1 day', case when n % 5000 = 8 then now() end
   ${each} where ${TYPE} <> 'imap'`,
  `insert into incidents (id, tenant_id, channel_id, provider, reason, action, opened_at, closed_at, needed_person, needed_person_at)
   select 'inc_' || n, ${TENANT}, ${CHANNEL}, ${TYPE}, 'access_revoked', 'reauthorize', now() - interval '40 days',
     case when n % 1000 = 3 or n % 500 = 7 then null else now() - interval '39 days' end, n % 2 = 1,
     case when n % 2 = 1 then now() - interval '40 days' end ${each} where n % 20 = 1 or n % 1000 = 3 or n % 500 = 7`,
  `insert into incidents (id, scope, provider, client, reason, action, opened_at)
   values ('inc_client', 'client', 'gmail', 'client', 'app_credentials_invalid', 'fix_app_credentials', now())`,
  `update channels set waits_for = 'inc_client' where id = 'chn_00000019'`,
  `insert into notices (id, tenant_id, channel_id, incident_id, kind, occasion, recipient, recipient_id, why, state, due_at, created_at, at)
   select 'not_' || n, ${TENANT}, ${CHANNEL}, 'inc_' || n, 'reauth_required', 'alert', 'a' || n || '@example.com', 'r' || n, 'owner',
     'sent', now(), now(), now() ${each} where n % 20 = 1`,
  `insert into links (id, tenant_id, hash, purpose, channel_id, spec, expires_at, used_at, for_banner, created_at)
   select 'lnk_' || n, ${TENANT}, 'hash' || n, 'connect', ${CHANNEL}, '{}', now() + interval '1 day', case when n % 4 = 1 then now() end,
     n % 10 = 3, now() ${each} where n % 2 = 1`,
  `insert into sign_ins (state_hash, link_id, tenant_id, access_type, provider, browser_hash, code_verifier_jwe, created_at, expires_at)
   select 'state' || n, 'lnk_' || n, ${TENANT}, 'gmail', 'google', 'b', 'v', now(), now() + interval '1 hour' ${each} where n % 2 = 1`,
  `insert into security_events (provider, token_id, position, provider_id, kind, issued_at, received_at, told_at)
   select 'google', 'jti' || n, 0, 'a' || n, 'sessions_revoked', now(), now(), now() ${each} where n % 2 = 1`,
  `insert into idempotency_keys (hash, request_hash, status, created_at, expires_at)
   select 'h' || n, 'r', 200, now(), now() + interval '1 day' ${each}`,
  `insert into quotas (key, used_until) select 'q' || n, now() ${each}`,
  `insert into api_keys (id, name, hash, tenant_id, scopes, created_at)
   select 'key_' || n, 'n', 'h' || n, ${TENANT}, '{}', now() ${each} where n % 5 = 1`,
  `insert into ui_sessions (hash, created_at, expires_at)
   select 's' || n, now(), now() + interval '1 day' ${each} where n % 2 = 1`,
  `insert into adoptions (tenant_id, token_hash, access_type, request, holder, due_at, created_at, channel_id, expires_at)
   select ${TENANT}, 'h' || n, ${TYPE}, '{}', '', null, now(), ${CHANNEL}, now() + interval '30 days' ${each} where n % 2 = 1`,
  `insert into sends (id, tenant_id, channel_id, key_hash, body_hash, message_id, size, state, created_at)
   select 'snd_' || n, ${TENANT}, ${CHANNEL}, 'k' || n, 'b', 'm', 1, 'sent', now() ${each} where n % 2 = 1`,
  `insert into former_accesses (id, channel_id, tenant_id, access_type, changed_at, rests_until, ends_at, account_email, account_login,
     account_provider_id, mailbox_key, server_key, uses, missing_uses, kind, secret_version, scopes, context, rotation, grant_key, parts,
     is_subscribed)
   select 'fac_' || n, ${CHANNEL}, ${TENANT}, 'imap', now(), now() + interval '1 hour', now() + interval '1 hour', '', '', '', '', '', '{}',
     '{}', 'password', 1, '{}', '{}', 'none', 'grant' || n, '[]', false ${each} where n % 2 = 1`,
];

/** Messages, imports, and what the product is told. */
export const MAIL = [
  `insert into messages (id, tenant_id, channel_id, provider_id, folder, recipients, received_at, size, backfilled, content_id,
     fingerprint, stored_at, acknowledged_at, number)
   select 'msg_' || n || '_' || k, ${TENANT}, ${CHANNEL}, 'p' || k, 'INBOX', '[]', now(), 1, false, 'c' || n || '_' || k,
     'f' || k, now(), case when k % 2 = 0 then now() - interval '1 day' end, k::bigint * :channels + n
   from generate_series(1, :each) k, generate_series(1, :channels) n`,
  `insert into message_locations (channel_id, scope, generation, provider_id, tenant_id, message_id)
   select channel_id, 'INBOX', '1', provider_id, tenant_id, id from messages`,
  `insert into message_parts (content_id, part, tenant_id, channel_id, jwe)
   select content_id, 0, tenant_id, channel_id, 'eyJraWQiOiJrIn0.x' from messages where number % 2 = 0`,
  `insert into cursors (channel_id, tenant_id, scope, cursor, updated_at) select ${CHANNEL}, ${TENANT}, 'INBOX', 'c', now() ${each}`,
  `insert into imports (id, channel_id, tenant_id, state, cause, moves_cursor, backfill, started_at, completed_at)
   select 'imp_' || n, ${CHANNEL}, ${TENANT}, 'completed', 'poll', true, false, now(), now() ${each}`,
  `insert into import_scopes (import_id, scope, channel_id, tenant_id, listing, state)
   select 'imp_' || n, 'INBOX', ${CHANNEL}, ${TENANT}, 'changes', 'done' ${each}`,
  `insert into import_items (import_id, scope, generation, provider_id, channel_id, tenant_id, outcome, message_id, listed_at, retry_at)
   select 'imp_' || n, 'INBOX', '1', 'p1', ${CHANNEL}, ${TENANT}, 'imported', 'msg_' || n || '_1', now(),
     case when n % 1000 = 1 then now() + interval '1 hour' end ${each}`,
  `insert into imports (id, channel_id, tenant_id, state, cause, moves_cursor, backfill, started_at)
   values ('imp_large', 'chn_00000001', 'large', 'running', 'requested', false, true, now())`,
  `insert into import_scopes (import_id, scope, channel_id, tenant_id, listing, state)
   values ('imp_large', 'INBOX', 'chn_00000001', 'large', 'window', 'listing')`,
  `insert into import_items (import_id, scope, generation, provider_id, channel_id, tenant_id, outcome, message_id, listed_at)
   select 'imp_large', 'INBOX', '1', 'p' || k, 'chn_00000001', 'large', 'imported', 'msg_large_' || k, now()
   from generate_series(1, :items) k`,
  `insert into events (id, tenant_id, channel_id, type, data, at, number)
   select 'evt_' || n || '_' || k, ${TENANT}, ${CHANNEL}, case when k = 1 then 'message.received' else 'channel.paused' end, '{}', now(),
     k::bigint * :channels + n from generate_series(1, 2) k, generate_series(1, :channels) n`,
  `insert into webhook_endpoints (id, tenant_id, url, events, secret_jwe, created_at)
   select 'whe_' || n, case when n > 1 then 'tenant_' || n end, 'https://example.com/' || n, null, 's', now()
   from generate_series(1, :tenants - 1) n`,
  `insert into webhook_deliveries (id, event_id, endpoint_id, tenant_id, state, created_at)
   select 'whd_' || n, 'evt_' || n || '_2', 'whe_1', ${TENANT}, 'delivered', now() ${each}`,
  `update feed_state set number = 3::bigint * :channels, place = concat_ws('/', (select system_identifier from pg_control_system()),
     left(pg_walfile_name(pg_current_wal_lsn()), 8), (select oid from pg_database where datname = current_database()),
     'feed_state'::regclass::oid) where name in ('messages', 'events')`,
  `update feed_state set number = 3::bigint * :channels where name in ('outbox', 'notices')`,
];
