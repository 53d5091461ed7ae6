-- Beside `read_access_token`, which the release before calls while both run.
-- One call reads the token and writes its audit row, or does neither. `tenant` null is a key that sees every tenant.
-- `wanted` is the least that is given out. 'fresh': more than the lesser of 60 s and a fifth of the token's life is left, or, with
-- `min_life_ms`, more than that; a caller who asks for more than half a life is content with half, because no refresh could keep the
-- promise of more for long. 'least', for a reader that has waited: also what is left, if it is at least the lesser of 5 s and a twentieth.
-- `served` says which of the two it is, null: neither, and the row comes without the token, so that the caller can say why not.
CREATE FUNCTION public.serve_access_token(channel text, tenant text, api_key text, now_at timestamptz, wanted text, min_life_ms bigint)
RETURNS TABLE (tenant_id text, status text, status_reason text, action text, kind text, version integer, access_token_jwe text,
               token_type text, issued_at timestamptz, expires_at timestamptz, scopes text[], refused boolean, served text)
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
  WITH held AS (
    SELECT c.tenant_id, c.status, c.status_reason, c.action, k.kind, k.version, k.access_token_jwe, k.token_type, k.issued_at, k.expires_at, k.scopes,
           k.access_token_refused_at IS NOT NULL AS refused,
           extract(epoch FROM k.expires_at - now_at) AS left_s, extract(epoch FROM k.expires_at - k.issued_at) AS life_s
    FROM public.channels c LEFT JOIN public.credentials k ON k.channel_id = c.id
    WHERE c.id = channel AND (tenant IS NULL OR c.tenant_id = tenant)
  ), found AS (
    SELECT held.*, CASE
             WHEN held.access_token_jwe IS NULL OR held.refused OR held.status IN ('disconnecting', 'disconnected') OR held.left_s <= 0 THEN NULL
             WHEN held.left_s > CASE WHEN min_life_ms IS NULL THEN least(60, held.life_s * 0.2) ELSE least(min_life_ms / 1000.0, held.life_s * 0.5) END
               THEN 'fresh'
             WHEN wanted = 'least' AND held.left_s >= least(5, held.life_s * 0.05) THEN 'least'
           END AS served
    FROM held
  ), audit AS (
    INSERT INTO public.token_reads (tenant_id, channel_id, api_key_id, version, at)
    SELECT found.tenant_id, channel, api_key, found.version, now_at FROM found WHERE found.served IS NOT NULL
  )
  SELECT found.tenant_id, found.status, found.status_reason, found.action, found.kind, found.version,
         CASE WHEN found.served IS NOT NULL THEN found.access_token_jwe END, found.token_type, found.issued_at, found.expires_at, found.scopes, found.refused,
         found.served FROM found
$$;
--> statement-breakpoint
GRANT CREATE ON SCHEMA public TO mooring_token_reader;
--> statement-breakpoint
ALTER FUNCTION public.serve_access_token(text, text, text, timestamptz, text, bigint) OWNER TO mooring_token_reader;
--> statement-breakpoint
REVOKE CREATE ON SCHEMA public FROM mooring_token_reader;
--> statement-breakpoint
REVOKE ALL ON FUNCTION public.serve_access_token(text, text, text, timestamptz, text, bigint) FROM PUBLIC;
--> statement-breakpoint
GRANT EXECUTE ON FUNCTION public.serve_access_token(text, text, text, timestamptz, text, bigint) TO mooring_app, mooring_across_tenants;
