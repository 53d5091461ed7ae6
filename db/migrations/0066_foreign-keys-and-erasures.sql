ALTER TABLE "nudges" DROP CONSTRAINT "nudges_tenant_id_tenants_id_fk";
--> statement-breakpoint
ALTER TABLE "credentials" DROP CONSTRAINT "credentials_tenant_id_tenants_id_fk";
--> statement-breakpoint
ALTER TABLE "refresh_attempts" DROP CONSTRAINT "refresh_attempts_tenant_id_tenants_id_fk";
--> statement-breakpoint
ALTER TABLE "webhook_deliveries" DROP CONSTRAINT "webhook_deliveries_tenant_id_tenants_id_fk";
--> statement-breakpoint
ALTER TABLE "former_accesses" DROP CONSTRAINT "former_accesses_tenant_id_tenants_id_fk";
--> statement-breakpoint
ALTER TABLE "held_connections" DROP CONSTRAINT "held_connections_tenant_id_tenants_id_fk";
--> statement-breakpoint
ALTER TABLE "cursors" DROP CONSTRAINT "cursors_tenant_id_tenants_id_fk";
--> statement-breakpoint
ALTER TABLE "import_scopes" DROP CONSTRAINT "import_scopes_channel_id_channels_id_fk";
--> statement-breakpoint
ALTER TABLE "import_scopes" DROP CONSTRAINT "import_scopes_tenant_id_tenants_id_fk";
--> statement-breakpoint
ALTER TABLE "imports" DROP CONSTRAINT "imports_tenant_id_tenants_id_fk";
--> statement-breakpoint
ALTER TABLE "parts_aside" DROP CONSTRAINT "parts_aside_tenant_id_tenants_id_fk";
--> statement-breakpoint
ALTER TABLE "sign_ins" DROP CONSTRAINT "sign_ins_tenant_id_tenants_id_fk";
--> statement-breakpoint
ALTER TABLE "unsubscribes" DROP CONSTRAINT "unsubscribes_tenant_id_tenants_id_fk";
--> statement-breakpoint
ALTER TABLE "subscriptions" DROP CONSTRAINT "subscriptions_tenant_id_tenants_id_fk";
--> statement-breakpoint
DROP INDEX "webhook_endpoints_tenant";--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "erased_at" timestamp with time zone;--> statement-breakpoint
CREATE INDEX "channels_erasing" ON "channels" USING btree ("id") WHERE "channels"."erase_requested" and "channels"."erased_at" is null and "channels"."status" = 'disconnected';--> statement-breakpoint
CREATE INDEX "webhook_endpoints_of_tenant" ON "webhook_endpoints" USING btree ("tenant_id");--> statement-breakpoint
CREATE INDEX "links_tenant" ON "links" USING btree ("tenant_id");--> statement-breakpoint
CREATE INDEX "message_parts_channel" ON "message_parts" USING btree ("channel_id");--> statement-breakpoint
CREATE INDEX "tenants_erasing" ON "tenants" USING btree ("id") WHERE "tenants"."erase_requested_at" is not null;--> statement-breakpoint
CREATE INDEX "ui_sessions_key" ON "ui_sessions" USING btree ("api_key_id");