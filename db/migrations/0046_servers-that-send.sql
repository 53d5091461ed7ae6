ALTER TABLE "channels" ADD COLUMN "missing_uses" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "smtp" jsonb;