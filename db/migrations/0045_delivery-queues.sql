DROP INDEX "webhook_deliveries_pending";--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD COLUMN "lane" text DEFAULT 'lifecycle' NOT NULL;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD COLUMN "start_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD COLUMN "starts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD COLUMN "under_way_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "webhook_endpoints" ADD COLUMN "failures" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "webhook_endpoints" ADD COLUMN "failing_since" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "webhook_endpoints" ADD COLUMN "open_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "webhook_endpoints" ADD COLUMN "at_once" integer DEFAULT 8 NOT NULL;--> statement-breakpoint
ALTER TABLE "webhook_endpoints" ADD COLUMN "served_tenant" text DEFAULT '' NOT NULL;--> statement-breakpoint
CREATE INDEX "webhook_deliveries_waiting" ON "webhook_deliveries" USING btree ("lane","endpoint_id",coalesce("tenant_id", ''),"start_at","id") WHERE "webhook_deliveries"."state" = 'pending' and "webhook_deliveries"."start_at" is not null;--> statement-breakpoint
CREATE INDEX "webhook_deliveries_under_way" ON "webhook_deliveries" USING btree ("endpoint_id","under_way_until") WHERE "webhook_deliveries"."state" = 'pending' and "webhook_deliveries"."under_way_until" is not null;--> statement-breakpoint
CREATE INDEX "webhook_deliveries_started" ON "webhook_deliveries" USING btree ("next_attempt_at") WHERE "webhook_deliveries"."state" = 'pending' and "webhook_deliveries"."start_at" is null;--> statement-breakpoint
CREATE INDEX "webhook_endpoints_tenant" ON "webhook_endpoints" USING btree ("tenant_id") WHERE "webhook_endpoints"."disabled_at" is null;