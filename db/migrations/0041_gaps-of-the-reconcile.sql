ALTER TABLE "channels" ADD COLUMN "overdue_signals" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "nudges" ADD COLUMN "signals" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "nudges" ADD COLUMN "next_signal_at" timestamp with time zone DEFAULT '1970-01-01T00:00:00.000Z' NOT NULL;--> statement-breakpoint
CREATE INDEX "nudges_next_signal" ON "nudges" USING btree ("next_signal_at");