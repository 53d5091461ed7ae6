ALTER TABLE "cursors" ADD COLUMN "compared" jsonb;--> statement-breakpoint
ALTER TABLE "import_scopes" ADD COLUMN "head_state" text;--> statement-breakpoint
ALTER TABLE "import_scopes" ADD COLUMN "tries" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "import_scopes" ADD COLUMN "retry_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "import_scopes" ADD COLUMN "set_aside_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "import_scopes_set_aside" ON "import_scopes" USING btree ("channel_id") WHERE "import_scopes"."retry_at" is not null;