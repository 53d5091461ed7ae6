ALTER TABLE "channels" ADD COLUMN "password_retries" jsonb;--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "locked_out_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "gap_told_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "incidents" ADD COLUMN "needed_person" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "incidents" ADD COLUMN "healed" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "incidents" ADD COLUMN "reopened_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "incidents_channel" ON "incidents" USING btree ("channel_id","opened_at");