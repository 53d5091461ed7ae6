ALTER TABLE "message_notices" DROP CONSTRAINT "message_notices_channel_id_channels_id_fk";
--> statement-breakpoint
ALTER TABLE "message_notices" DROP CONSTRAINT "message_notices_tenant_id_tenants_id_fk";
--> statement-breakpoint
DROP INDEX "events_channel";--> statement-breakpoint
DROP INDEX "events_feed";--> statement-breakpoint
DROP INDEX "messages_channel_feed";--> statement-breakpoint
DROP INDEX "messages_feed";--> statement-breakpoint
ALTER TABLE "feed_state" ALTER COLUMN "xact" SET DEFAULT '0';--> statement-breakpoint
ALTER TABLE "feed_state" ALTER COLUMN "seq" SET DEFAULT 0;--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "number" bigint;--> statement-breakpoint
ALTER TABLE "feed_state" ADD COLUMN "number" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "feed_state" ADD COLUMN "place" text;--> statement-breakpoint
ALTER TABLE "message_notices" ADD COLUMN "after" bigint DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "number" bigint;--> statement-breakpoint
-- The owner, who may be no superuser, changes the rows of every tenant.
ALTER TABLE "events" NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "messages" NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "message_notices" NO FORCE ROW LEVEL SECURITY;--> statement-breakpoint
-- Every row has its number in the order of the release before. This takes about a minute for a million rows.
UPDATE "events" e SET "number" = o."number"
  FROM (SELECT "id", row_number() OVER (ORDER BY "xact", "seq") AS "number" FROM "events") o WHERE o."id" = e."id";--> statement-breakpoint
UPDATE "messages" m SET "number" = o."number"
  FROM (SELECT "id", row_number() OVER (ORDER BY "xact", "seq") AS "number" FROM "messages") o WHERE o."id" = m."id";--> statement-breakpoint
-- A cursor of the release before is answered 410 once.
UPDATE "feed_state" SET "epoch" = (SELECT substr(md5(random()::text), 1, 12));--> statement-breakpoint
UPDATE "feed_state" s SET "number" =
  coalesce((SELECT max(e."number") FROM "events" e WHERE (e."xact", e."seq") <= (s."xact", s."seq")), 0);--> statement-breakpoint
INSERT INTO "feed_state" ("name", "epoch", "number")
  SELECT 'messages', "epoch", coalesce((SELECT max("number") FROM "messages"), 0) FROM "feed_state" WHERE "name" = 'outbox'
  UNION ALL
  SELECT 'events', "epoch", coalesce((SELECT max("number") FROM "events"), 0) FROM "feed_state" WHERE "name" = 'outbox';--> statement-breakpoint
UPDATE "message_notices" n SET "after" = coalesce(
  (SELECT min(m."number") - 1 FROM "messages" m WHERE m."channel_id" = n."channel_id" AND m."xact" >= n."first_xact"), 0);--> statement-breakpoint
ALTER TABLE "events" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "messages" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "message_notices" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE INDEX "events_tenant_feed" ON "events" USING btree ("tenant_id","number");--> statement-breakpoint
CREATE INDEX "events_unsettled" ON "events" USING btree ("seq") WHERE "events"."number" is null;--> statement-breakpoint
CREATE INDEX "messages_tenant_feed" ON "messages" USING btree ("tenant_id","number") WHERE "messages"."retired_at" is null;--> statement-breakpoint
CREATE INDEX "messages_unsettled" ON "messages" USING btree ("seq") WHERE "messages"."number" is null;--> statement-breakpoint
CREATE INDEX "events_channel" ON "events" USING btree ("channel_id","seq");--> statement-breakpoint
CREATE INDEX "events_feed" ON "events" USING btree ("number");--> statement-breakpoint
CREATE INDEX "messages_channel_feed" ON "messages" USING btree ("channel_id","number") WHERE "messages"."retired_at" is null;--> statement-breakpoint
CREATE INDEX "messages_feed" ON "messages" USING btree ("number") WHERE "messages"."retired_at" is null;