-- API keys too are one tenant's for the app role; who a key belongs to is looked up by the role that looks across tenants.
ALTER TABLE api_keys ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE api_keys FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant ON api_keys TO mooring_app USING (tenant_id = current_setting('mooring.tenant', true)) WITH CHECK (tenant_id = current_setting('mooring.tenant', true));
--> statement-breakpoint
-- So that a process can say whether the database has the schema it was written for.
GRANT USAGE ON SCHEMA drizzle TO mooring_app;
--> statement-breakpoint
GRANT SELECT ON drizzle.__drizzle_migrations TO mooring_app;
--> statement-breakpoint
-- `min_life_ms` null asks for a fresh token: more than the lesser of 60 s and a fifth of its life is left. A caller who asks for more than
-- half a life is content with half: no refresh could keep the promise of more for long, and every read would cause one.
CREATE OR REPLACE FUNCTION read_access_token(channel text, tenant text, api_key text, now_at timestamptz, min_life_ms bigint)
RETURNS TABLE (tenant_id text, status text, status_reason text, action text, kind text, version integer, access_token_jwe text,
               token_type text, issued_at timestamptz, expires_at timestamptz, scopes text[], refused boolean, served boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
  WITH held AS (
    SELECT c.tenant_id, c.status, c.status_reason, c.action, k.kind, k.version, k.access_token_jwe, k.token_type, k.issued_at, k.expires_at, k.scopes,
           k.access_token_refused_at IS NOT NULL AS refused, extract(epoch FROM k.expires_at - k.issued_at) AS life_s
    FROM channels c LEFT JOIN credentials k ON k.channel_id = c.id
    WHERE c.id = channel AND (tenant IS NULL OR c.tenant_id = tenant)
  ), found AS (
    SELECT held.*, coalesce(held.access_token_jwe IS NOT NULL AND NOT held.refused AND held.status NOT IN ('disconnecting', 'disconnected')
             AND held.expires_at > now_at + make_interval(secs => greatest(0,
                   CASE WHEN min_life_ms IS NULL THEN least(60, held.life_s * 0.2) ELSE least(min_life_ms / 1000.0, held.life_s * 0.5) END)), false) AS served
    FROM held
  ), audit AS (
    INSERT INTO token_reads (tenant_id, channel_id, api_key_id, version, at)
    SELECT found.tenant_id, channel, api_key, found.version, now_at FROM found WHERE found.served
  )
  SELECT found.tenant_id, found.status, found.status_reason, found.action, found.kind, found.version,
         CASE WHEN found.served THEN found.access_token_jwe END, found.token_type, found.issued_at, found.expires_at, found.scopes, found.refused, found.served FROM found
$$;
