ALTER TABLE "import_items" ADD COLUMN "quarantined_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "import_items" ADD COLUMN "retry_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "imports" ADD COLUMN "replay_asked" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "import_items_retry" ON "import_items" USING btree ("channel_id","retry_at") WHERE "import_items"."retry_at" is not null;--> statement-breakpoint
UPDATE "import_items" SET "quarantined_at" = coalesce("tried_at", "listed_at"), "retry_at" = now()
WHERE "skip_reason" = 'unfetchable' AND coalesce("tried_at", "listed_at") > now() - interval '30 days';
