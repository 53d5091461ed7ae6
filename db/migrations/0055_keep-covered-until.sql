-- A worker or listener of the release before knows of no import that is owed, and would write that everything is covered.
-- While one is owed, *covered until* keeps its value. The import's end and the end of its debt are one transaction, in this order.
CREATE FUNCTION public.keep_covered_until() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM imports i WHERE i.owed AND i.channel_id = to_jsonb(NEW) ->> TG_ARGV[0]) THEN
    NEW.covered_until := OLD.covered_until;
  END IF;
  RETURN NEW;
END
$$;
--> statement-breakpoint
CREATE TRIGGER keep_covered_until BEFORE UPDATE OF covered_until ON "channels" FOR EACH ROW
  WHEN (NEW.covered_until IS DISTINCT FROM OLD.covered_until) EXECUTE FUNCTION public.keep_covered_until('id');
--> statement-breakpoint
CREATE TRIGGER keep_covered_until BEFORE UPDATE OF covered_until ON "watches" FOR EACH ROW
  WHEN (NEW.covered_until IS DISTINCT FROM OLD.covered_until) EXECUTE FUNCTION public.keep_covered_until('channel_id');
