DROP INDEX "imports_running";--> statement-breakpoint
ALTER TABLE "imports" ADD COLUMN "told" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "imports_requested" ON "imports" USING btree ("channel_id","id") WHERE "imports"."state" = 'running' and not "imports"."moves_cursor";--> statement-breakpoint
CREATE UNIQUE INDEX "imports_running" ON "imports" USING btree ("channel_id") WHERE "imports"."state" = 'running' and "imports"."moves_cursor";