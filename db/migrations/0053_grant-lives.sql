ALTER TABLE "credentials" ADD COLUMN "grant_ends_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "expiry_warn_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "credentials_expiry" ON "credentials" USING btree ("expiry_warn_at") WHERE "credentials"."expiry_warn_at" is not null;