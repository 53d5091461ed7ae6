CREATE INDEX CONCURRENTLY "channels_erasing" ON "channels" USING btree ("id") WHERE "channels"."erase_requested" and "channels"."erased_at" is null and "channels"."status" = 'disconnected';--> statement-breakpoint
CREATE INDEX CONCURRENTLY "webhook_endpoints_of_tenant" ON "webhook_endpoints" USING btree ("tenant_id");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "links_tenant" ON "links" USING btree ("tenant_id");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "message_parts_channel" ON "message_parts" USING btree ("channel_id");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "tenants_erasing" ON "tenants" USING btree ("id") WHERE "tenants"."erase_requested_at" is not null;--> statement-breakpoint
CREATE INDEX CONCURRENTLY "ui_sessions_key" ON "ui_sessions" USING btree ("api_key_id");--> statement-breakpoint
DROP INDEX CONCURRENTLY IF EXISTS "webhook_endpoints_tenant";
