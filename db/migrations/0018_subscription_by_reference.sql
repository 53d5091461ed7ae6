ALTER TABLE "subscriptions" ADD COLUMN "reference" text;--> statement-breakpoint
ALTER TABLE "subscriptions" ADD COLUMN "state_hash" text;--> statement-breakpoint
CREATE INDEX "subscriptions_reference" ON "subscriptions" USING btree ("reference");