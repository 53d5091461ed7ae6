DROP INDEX "channels_live_mailbox";--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "server_key" text DEFAULT '' NOT NULL;--> statement-breakpoint
-- A password account is its login at its server. Of two live channels that turn out to be one account, the older keeps the
-- account's key; the other's ends in its own id. A server that is sealed in the secret alone is filled in by a worker.
UPDATE "channels" SET
  "mailbox_key" = "placed"."mailbox_key" || CASE WHEN "placed"."turn" > 1 THEN ' ' || "channels"."id" ELSE '' END,
  "server_key" = "placed"."server_key"
FROM (
  SELECT "id", "mailbox_key", "server_key",
    CASE WHEN "live" THEN row_number() OVER (
      PARTITION BY "tenant_id", "mailbox_key", "server_key", "live" ORDER BY "id") ELSE 1 END AS "turn"
  FROM (
    SELECT "id", "tenant_id", "status" NOT IN ('disconnecting', 'disconnected') AS "live",
      CASE WHEN lower("account_login") = lower("account_email") THEN "mailbox_key"
        ELSE lower(btrim("account_login")) END AS "mailbox_key",
      coalesce(
        CASE WHEN "server" ->> 'host' LIKE '%:%' AND "server" ->> 'host' NOT LIKE '[%'
          THEN '[' || lower("server" ->> 'host') || ']'
          ELSE regexp_replace(lower(("server" ->> 'host') COLLATE "C"), '\.$', '') END
        || CASE WHEN "server" ->> 'port' IN ('143', '993') THEN '' ELSE ':' || ("server" ->> 'port') END, '') AS "server_key"
    FROM "channels" WHERE "access_type" = 'imap'
  ) AS "keyed"
) AS "placed"
WHERE "channels"."id" = "placed"."id";--> statement-breakpoint
CREATE UNIQUE INDEX "channels_live_account" ON "channels" USING btree ("tenant_id","access_type","mailbox_key","server_key") WHERE "channels"."status" not in ('disconnecting', 'disconnected');
