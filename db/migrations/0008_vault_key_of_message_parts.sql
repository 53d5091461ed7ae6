-- The key id in a vault record's header (RFC 7516 section 7.1: the first part, base64url of JSON); null where there is none.
CREATE FUNCTION vault_key_id(record text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN split_part(left(record, 1024), '.', 1) ~ '^([A-Za-z0-9_-]{4})+([A-Za-z0-9_-]{2,3})?$' THEN
    substring(encode(decode(translate(split_part(left(record, 1024), '.', 1), '-_', '+/')
        || repeat('=', (4 - length(split_part(left(record, 1024), '.', 1)) % 4) % 4), 'base64'), 'escape') from '"kid":"([^"]*)"')
  END
$$;
--> statement-breakpoint
CREATE INDEX "message_parts_key" ON "message_parts" USING btree (vault_key_id("jwe"));
