ALTER TABLE "webhook_deliveries" ADD COLUMN "attempt_log" jsonb;--> statement-breakpoint
ALTER TABLE "webhook_endpoints" ADD COLUMN "other_secret_jwe" text;--> statement-breakpoint
ALTER TABLE "webhook_endpoints" ADD COLUMN "signs_with_other" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "webhook_endpoints" ADD COLUMN "old_secret_until" timestamp with time zone;