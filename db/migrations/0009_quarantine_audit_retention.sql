DROP INDEX "imports_running";--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "owned_from" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "next_audit_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "import_items" ADD COLUMN "last_error" text;--> statement-breakpoint
ALTER TABLE "import_items" ADD COLUMN "tried_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "import_items" ADD COLUMN "replay" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "imports" ADD COLUMN "audit" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "imports" ADD COLUMN "replaying" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "retired_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "events_passing" ON "events" USING btree ("at") WHERE "events"."type" in ('message.received', 'import.progress', 'credential.refreshed');--> statement-breakpoint
CREATE INDEX "import_items_unsettled" ON "import_items" USING btree ("import_id","scope","provider_id") WHERE "import_items"."outcome" is null or "import_items"."replay";--> statement-breakpoint
CREATE INDEX "import_items_quarantine" ON "import_items" USING btree ("channel_id","import_id","scope","generation","provider_id") WHERE "import_items"."skip_reason" in ('unfetchable', 'unparseable');--> statement-breakpoint
CREATE UNIQUE INDEX "imports_auditing" ON "imports" USING btree ("channel_id") WHERE "imports"."state" = 'running' and "imports"."audit";--> statement-breakpoint
CREATE INDEX "imports_replaying" ON "imports" USING btree ("channel_id") WHERE "imports"."replaying";--> statement-breakpoint
CREATE INDEX "messages_content" ON "messages" USING btree ("content_id");--> statement-breakpoint
CREATE INDEX "messages_retention" ON "messages" USING btree ("tenant_id","acknowledged_at") WHERE "messages"."acknowledged_at" is not null and "messages"."retired_at" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "imports_running" ON "imports" USING btree ("channel_id","moves_cursor") WHERE "imports"."state" = 'running' and not "imports"."audit";