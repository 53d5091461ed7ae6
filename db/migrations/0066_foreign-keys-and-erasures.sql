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
ALTER TABLE "channels" ADD COLUMN "erased_at" timestamp with time zone;
