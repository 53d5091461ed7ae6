ALTER TABLE "imports" ADD COLUMN "stalled_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "imports" ADD COLUMN "owed" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "imports_owed" ON "imports" USING btree ("channel_id") WHERE "imports"."owed";