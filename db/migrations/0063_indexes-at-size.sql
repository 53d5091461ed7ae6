CREATE INDEX CONCURRENTLY "adoptions_expiry" ON "adoptions" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "channels_status" ON "channels" USING btree ("status","id");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "channels_tenant_status" ON "channels" USING btree ("tenant_id","status","id");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "channels_stalled" ON "channels" USING btree ("id") WHERE "channels"."import_state" = 'stalled';--> statement-breakpoint
CREATE INDEX CONCURRENTLY "credentials_grant" ON "credentials" USING btree ("grant_key");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "api_keys_tenant" ON "api_keys" USING btree ("tenant_id","id");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "idempotency_keys_expiry" ON "idempotency_keys" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX CONCURRENTLY "ui_sessions_expiry" ON "ui_sessions" USING btree ("expires_at");