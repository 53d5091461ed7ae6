ALTER TABLE "security_events" ADD COLUMN "issued_at" timestamp with time zone DEFAULT now() NOT NULL;--> statement-breakpoint
UPDATE "security_events" SET "issued_at" = "received_at";