DROP INDEX "imports_running";--> statement-breakpoint
CREATE UNIQUE INDEX "imports_running" ON "imports" USING btree ("channel_id","moves_cursor") WHERE "imports"."state" = 'running';