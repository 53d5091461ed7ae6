ALTER TABLE "credentials" ADD COLUMN "oauth_provider" text;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "context" jsonb DEFAULT '{}'::jsonb NOT NULL;