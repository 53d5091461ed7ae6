ALTER TABLE "import_items" DROP CONSTRAINT "import_items_channel_id_channels_id_fk";
--> statement-breakpoint
ALTER TABLE "import_items" DROP CONSTRAINT "import_items_tenant_id_tenants_id_fk";
--> statement-breakpoint
ALTER TABLE "message_locations" DROP CONSTRAINT "message_locations_tenant_id_tenants_id_fk";
--> statement-breakpoint
ALTER TABLE "message_parts" DROP CONSTRAINT "message_parts_tenant_id_tenants_id_fk";
--> statement-breakpoint
ALTER TABLE "messages" DROP CONSTRAINT "messages_tenant_id_tenants_id_fk";
