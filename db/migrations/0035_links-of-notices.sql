ALTER TABLE "links" ADD COLUMN "recipient" text;--> statement-breakpoint
ALTER TABLE "links" ADD COLUMN "incident_id" text;--> statement-breakpoint
CREATE INDEX "links_channel" ON "links" USING btree ("channel_id","used_at");