-- What every role may do (rule 14). Applied after the migrations, each time, in one transaction: a new table is covered
-- without a word in its migration. No role may do what is granted neither here nor by a migration.

-- The roles that transactions take, and the logins that may take them: a login has no right to a table of its own.
DO $$
DECLARE role text;
BEGIN
  FOREACH role IN ARRAY ARRAY['mooring_vault', 'mooring_server', 'mooring_worker', 'mooring_listener'] LOOP
    IF to_regrole(role) IS NULL THEN EXECUTE format('CREATE ROLE %I NOLOGIN', role); END IF;
  END LOOP;
  IF to_regrole('mooring_vault_across_tenants') IS NULL THEN CREATE ROLE mooring_vault_across_tenants NOLOGIN BYPASSRLS; END IF;
END $$;

GRANT mooring_app TO mooring_vault WITH INHERIT TRUE, SET FALSE;
GRANT mooring_across_tenants TO mooring_vault_across_tenants WITH INHERIT TRUE, SET FALSE;
GRANT mooring_app, mooring_across_tenants TO mooring_server WITH INHERIT FALSE, SET TRUE;
GRANT mooring_vault, mooring_vault_across_tenants TO mooring_worker WITH INHERIT FALSE, SET TRUE;
GRANT mooring_vault, mooring_across_tenants TO mooring_listener WITH INHERIT FALSE, SET TRUE;

-- An owner that the processes use as their login takes the same roles.
DO $$
BEGIN
  IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('GRANT mooring_vault, mooring_vault_across_tenants TO %I', current_user);
  END IF;
END $$;

-- A statement, a wait for a lock or a forgotten transaction ends by itself. What an operator has set stays.
DO $$
DECLARE limits record;
BEGIN
  FOR limits IN
    SELECT * FROM (VALUES
      ('mooring_server', 'statement_timeout', '30s'), ('mooring_server', 'lock_timeout', '10s'),
      ('mooring_worker', 'statement_timeout', '60s'), ('mooring_worker', 'lock_timeout', '20s'),
      ('mooring_listener', 'statement_timeout', '30s'), ('mooring_listener', 'lock_timeout', '10s'),
      ('mooring_server', 'idle_in_transaction_session_timeout', '60s'),
      ('mooring_worker', 'idle_in_transaction_session_timeout', '60s'),
      ('mooring_listener', 'idle_in_transaction_session_timeout', '60s')) AS v (login, setting, value)
    WHERE NOT EXISTS (
      SELECT FROM pg_db_role_setting s, unnest(s.setconfig) AS c (entry)
      WHERE s.setrole = to_regrole(v.login) AND c.entry LIKE v.setting || '=%')
  LOOP
    EXECUTE format('ALTER ROLE %I SET %I = %L', limits.login, limits.setting, limits.value);
  END LOOP;
END $$;

-- Rights to tables are given here alone, so that a partition, which row-level security does not see, gets none. The audit
-- is added to by the token read alone, and changed by no role.
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM mooring_app, mooring_across_tenants;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO mooring_app, mooring_across_tenants;
GRANT USAGE ON SCHEMA public TO mooring_server, mooring_worker, mooring_listener;

-- What the server does not need to read of the vault is hidden from its roles. Processes of the release before read it
-- under these roles: while one is connected (they called themselves `mooring`) it stays as it was until the next time.
DO $$
DECLARE
  name regclass;
  is_partition boolean;
  hidden text[];
  shown text;
  old_release boolean := EXISTS (
    SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'mooring');
BEGIN
  FOR name, is_partition, hidden IN
    SELECT c.oid, c.relispartition, CASE c.relname
      WHEN 'credentials' THEN ARRAY['sealed_secret', 'access_token_jwe']
      WHEN 'former_accesses' THEN ARRAY['sealed_secret']
      WHEN 'refresh_attempts' THEN ARRAY['sealed_answer']
      WHEN 'adoptions' THEN ARRAY['sealed_token', 'sealed_answer']
      WHEN 'webhook_endpoints' THEN ARRAY['secret_jwe', 'other_secret_jwe'] END
    FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  LOOP
    IF is_partition THEN
      EXECUTE format('REVOKE ALL ON %s FROM mooring_app, mooring_across_tenants', name);
    ELSIF name = 'token_reads'::regclass THEN
      EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %s FROM mooring_app, mooring_across_tenants', name);
      EXECUTE format('GRANT SELECT ON %s TO mooring_app, mooring_across_tenants', name);
    ELSIF hidden IS NULL THEN
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO mooring_app, mooring_across_tenants', name);
    ELSE
      EXECUTE format('GRANT INSERT, UPDATE, DELETE ON %s TO mooring_app, mooring_across_tenants', name);
      EXECUTE format('GRANT SELECT ON %s TO mooring_vault, mooring_vault_across_tenants', name);
      CONTINUE WHEN old_release;
      SELECT string_agg(quote_ident(a.attname), ', ') INTO shown FROM pg_attribute a
        WHERE a.attrelid = name AND a.attnum > 0 AND NOT a.attisdropped AND a.attname <> ALL (hidden);
      EXECUTE format('REVOKE SELECT ON %s FROM mooring_app, mooring_across_tenants', name);
      EXECUTE format('GRANT SELECT (%s) ON %s TO mooring_app, mooring_across_tenants', shown, name);
    END IF;
  END LOOP;
END $$;

-- Under which keys the hidden columns are: every process asks at its start whether it has the keys that rows need.
CREATE OR REPLACE FUNCTION public.count_vault_keys() RETURNS TABLE (place text, key_id text, count integer)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT 'credentials.sealed_secret', public.vault_key_id(sealed_secret), count(*)::integer FROM public.credentials GROUP BY 2
  UNION ALL
  SELECT 'credentials.access_token_jwe', public.vault_key_id(access_token_jwe), count(*)::integer FROM public.credentials GROUP BY 2
  UNION ALL
  SELECT 'former_accesses.sealed_secret', public.vault_key_id(sealed_secret), count(*)::integer FROM public.former_accesses GROUP BY 2
  UNION ALL
  SELECT 'refresh_attempts.sealed_answer', public.vault_key_id(sealed_answer), count(*)::integer FROM public.refresh_attempts GROUP BY 2
  UNION ALL
  SELECT 'adoptions.sealed_token', public.vault_key_id(sealed_token), count(*)::integer FROM public.adoptions GROUP BY 2
  UNION ALL
  SELECT 'adoptions.sealed_answer', public.vault_key_id(sealed_answer), count(*)::integer FROM public.adoptions GROUP BY 2
  UNION ALL
  SELECT 'webhook_endpoints.secret_jwe', public.vault_key_id(secret_jwe), count(*)::integer FROM public.webhook_endpoints GROUP BY 2
  UNION ALL
  SELECT 'webhook_endpoints.other_secret_jwe', public.vault_key_id(other_secret_jwe), count(*)::integer FROM public.webhook_endpoints
    WHERE other_secret_jwe IS NOT NULL GROUP BY 2
  UNION ALL
  SELECT 'kept_mails.jwe', public.vault_key_id(jwe), count(*)::integer FROM public.kept_mails GROUP BY 2
$$;
GRANT CREATE ON SCHEMA public TO mooring_vault_across_tenants;
ALTER FUNCTION public.count_vault_keys() OWNER TO mooring_vault_across_tenants;
REVOKE CREATE ON SCHEMA public FROM mooring_vault_across_tenants;
REVOKE ALL ON FUNCTION public.count_vault_keys() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION public.count_vault_keys() TO mooring_across_tenants;

-- A change of access, and the way back, move a sealed secret between two rows of one channel. The server's roles can move it
-- so, and read it in neither.
CREATE OR REPLACE FUNCTION public.rest_secret(former text) RETURNS SETOF text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  UPDATE public.former_accesses f SET sealed_secret = c.sealed_secret FROM public.credentials c
  WHERE f.id = former AND f.sealed_secret = '' AND c.channel_id = f.channel_id AND c.secret_version = f.secret_version
    AND c.tenant_id = f.tenant_id AND f.tenant_id = current_setting('mooring.tenant', true)
  RETURNING f.channel_id
$$;
CREATE OR REPLACE FUNCTION public.return_secret(former text) RETURNS SETOF text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  UPDATE public.credentials c SET sealed_secret = f.sealed_secret FROM public.former_accesses f
  WHERE f.id = former AND c.channel_id = f.channel_id AND c.secret_version = f.secret_version
    AND c.tenant_id = f.tenant_id AND f.tenant_id = current_setting('mooring.tenant', true)
  RETURNING c.channel_id
$$;
DO $$
DECLARE name text;
BEGIN
  GRANT CREATE ON SCHEMA public TO mooring_vault_across_tenants;
  FOREACH name IN ARRAY ARRAY['public.rest_secret(text)', 'public.return_secret(text)'] LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO mooring_vault_across_tenants', name);
    EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', name);
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO mooring_app', name);
  END LOOP;
  REVOKE CREATE ON SCHEMA public FROM mooring_vault_across_tenants;
END $$;

-- The token read is the server's alone, and its login calls it without taking a role. A function with its owner's rights
-- finds no table in a caller's temporary schema.
DO $$
DECLARE name regprocedure;
BEGIN
  FOR name IN SELECT oid FROM pg_proc WHERE prosecdef AND proowner = to_regrole('mooring_token_reader') LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO mooring_server', name);
  END LOOP;
  FOR name IN
    SELECT oid FROM pg_proc WHERE prosecdef AND pronamespace = 'public'::regnamespace
      AND proconfig IS DISTINCT FROM ARRAY['search_path=pg_catalog, public, pg_temp']
  LOOP
    EXECUTE format('ALTER FUNCTION %s SET search_path = pg_catalog, public, pg_temp', name);
  END LOOP;
END $$;
