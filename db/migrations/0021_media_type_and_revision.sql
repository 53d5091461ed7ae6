ALTER TABLE "messages" ADD COLUMN "media_type" text DEFAULT 'message/rfc822' NOT NULL;--> statement-breakpoint
ALTER TABLE "messages" ADD COLUMN "revision" integer DEFAULT 1 NOT NULL;