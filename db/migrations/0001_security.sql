-- Roles, row-level security and the token read. The migrating role owns everything; the processes work as roles that own nothing.
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mooring_app') THEN CREATE ROLE mooring_app NOLOGIN; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mooring_across_tenants') THEN CREATE ROLE mooring_across_tenants NOLOGIN BYPASSRLS; END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mooring_token_reader') THEN CREATE ROLE mooring_token_reader NOLOGIN; END IF;
END $$;
--> statement-breakpoint
DO $$ BEGIN EXECUTE format('GRANT mooring_app, mooring_across_tenants TO %I', current_user); END $$;
--> statement-breakpoint
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO mooring_app, mooring_across_tenants;
--> statement-breakpoint
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO mooring_app, mooring_across_tenants, mooring_token_reader;
--> statement-breakpoint
-- The audit is append-only for the processes.
REVOKE UPDATE, DELETE, INSERT ON token_reads FROM mooring_app;
--> statement-breakpoint
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO mooring_app, mooring_across_tenants;
--> statement-breakpoint
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO mooring_app, mooring_across_tenants;
--> statement-breakpoint
-- Rule 14: without a tenant set, a table with tenant_id shows and takes nothing. A later migration that adds such a table repeats this for it.
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT c.table_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE c.table_schema = 'public' AND c.column_name = 'tenant_id' AND t.table_type = 'BASE TABLE' AND c.table_name <> 'api_keys' LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant ON %I TO mooring_app USING (tenant_id = current_setting(''mooring.tenant'', true)) WITH CHECK (tenant_id = current_setting(''mooring.tenant'', true))', name);
  END LOOP;
END $$;
--> statement-breakpoint
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant ON tenants TO mooring_app USING (id = current_setting('mooring.tenant', true)) WITH CHECK (id = current_setting('mooring.tenant', true));
--> statement-breakpoint
GRANT USAGE ON SCHEMA public TO mooring_app, mooring_across_tenants, mooring_token_reader;
--> statement-breakpoint
GRANT SELECT ON channels, credentials TO mooring_token_reader;
--> statement-breakpoint
GRANT INSERT ON token_reads TO mooring_token_reader;
--> statement-breakpoint
CREATE POLICY token_reader ON channels FOR SELECT TO mooring_token_reader USING (true);
--> statement-breakpoint
CREATE POLICY token_reader ON credentials FOR SELECT TO mooring_token_reader USING (true);
--> statement-breakpoint
CREATE POLICY token_reader ON token_reads FOR INSERT TO mooring_token_reader WITH CHECK (true);
--> statement-breakpoint
-- The hot path: one call reads the token and writes its audit row, or does neither. `tenant` null is a key that sees every tenant.
-- The token is given out only when it is fresh by the caller's measure; the rest of the row always comes, so that the caller can say why not.
CREATE FUNCTION read_access_token(channel text, tenant text, api_key text, now_at timestamptz, min_life_ms bigint)
RETURNS TABLE (tenant_id text, status text, status_reason text, action text, kind text, version integer, access_token_jwe text,
               token_type text, issued_at timestamptz, expires_at timestamptz, scopes text[], refused boolean, served boolean)
LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
  WITH found AS (
    SELECT c.tenant_id, c.status, c.status_reason, c.action, k.kind, k.version, k.access_token_jwe, k.token_type, k.issued_at, k.expires_at, k.scopes,
           k.access_token_refused_at IS NOT NULL AS refused,
           (k.access_token_jwe IS NOT NULL AND k.access_token_refused_at IS NULL AND c.status NOT IN ('disconnecting', 'disconnected')
             AND k.expires_at > now_at
             AND k.expires_at > now_at + make_interval(secs => greatest(min_life_ms, 0) / 1000.0)) AS served
    FROM channels c LEFT JOIN credentials k ON k.channel_id = c.id
    WHERE c.id = channel AND (tenant IS NULL OR c.tenant_id = tenant)
  ), audit AS (
    INSERT INTO token_reads (tenant_id, channel_id, api_key_id, version, at)
    SELECT found.tenant_id, channel, api_key, found.version, now_at FROM found WHERE found.served
  )
  SELECT found.tenant_id, found.status, found.status_reason, found.action, found.kind, found.version,
         CASE WHEN found.served THEN found.access_token_jwe END, found.token_type, found.issued_at, found.expires_at, found.scopes, found.refused, found.served FROM found
$$;
--> statement-breakpoint
DO $$ BEGIN EXECUTE format('GRANT mooring_token_reader TO %I', current_user); END $$;
--> statement-breakpoint
GRANT CREATE ON SCHEMA public TO mooring_token_reader;
--> statement-breakpoint
ALTER FUNCTION read_access_token(text, text, text, timestamptz, bigint) OWNER TO mooring_token_reader;
--> statement-breakpoint
REVOKE CREATE ON SCHEMA public FROM mooring_token_reader;
--> statement-breakpoint
REVOKE ALL ON FUNCTION read_access_token(text, text, text, timestamptz, bigint) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION read_access_token(text, text, text, timestamptz, bigint) TO mooring_app, mooring_across_tenants;
--> statement-breakpoint
INSERT INTO feed_state (name, epoch, xact, seq) VALUES ('outbox', substr(md5(random()::text), 1, 12), '0', 0);
