CREATE INDEX "adoptions_expiry" ON "adoptions" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "channels_status" ON "channels" USING btree ("status","id");--> statement-breakpoint
CREATE INDEX "channels_tenant_status" ON "channels" USING btree ("tenant_id","status","id");--> statement-breakpoint
CREATE INDEX "channels_stalled" ON "channels" USING btree ("id") WHERE "channels"."import_state" = 'stalled';--> statement-breakpoint
CREATE INDEX "credentials_grant" ON "credentials" USING btree ("grant_key");--> statement-breakpoint
CREATE INDEX "api_keys_tenant" ON "api_keys" USING btree ("tenant_id","id");--> statement-breakpoint
CREATE INDEX "idempotency_keys_expiry" ON "idempotency_keys" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "ui_sessions_expiry" ON "ui_sessions" USING btree ("expires_at");