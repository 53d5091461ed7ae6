-- What every role may do (rule 14). Applied after the migrations, each time, in one transaction: a new table is covered
-- without a word in its migration. Whatever is not granted here or by a migration, no role may do.

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

-- Rights to tables are given here alone, so that a partition, which row-level security does not see, gets none.
ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE ALL ON TABLES FROM mooring_app, mooring_across_tenants;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO mooring_app, mooring_across_tenants;
GRANT USAGE ON SCHEMA public TO mooring_server, mooring_worker, mooring_listener;

DO $$
DECLARE
  name regclass;
  is_partition boolean;
BEGIN
  FOR name, is_partition IN
    SELECT c.oid, c.relispartition FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
  LOOP
    IF is_partition THEN
      EXECUTE format('REVOKE ALL ON %s FROM mooring_app, mooring_across_tenants', name);
    ELSIF name <> 'token_reads'::regclass THEN
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO mooring_app, mooring_across_tenants', name);
    END IF;
  END LOOP;
END $$;

-- The token read is the server's alone, and its login calls it without taking a role.
DO $$
DECLARE name regprocedure;
BEGIN
  FOR name IN SELECT oid FROM pg_proc WHERE prosecdef AND proowner = to_regrole('mooring_token_reader') LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO mooring_server', name);
  END LOOP;
END $$;
