CREATE EXTENSION IF NOT EXISTS pg_trgm;--> statement-breakpoint
CREATE INDEX "channels_tenant_by_need" ON "channels" USING btree ("tenant_id",(case "status" when 'reauth_required' then 0 when 'blocked' then 1 when 'degraded' then 2 when 'disconnecting' then 3 when 'paused' then 4 when 'connected' then 5 when 'disconnected' then 6 end),"status_since","id");--> statement-breakpoint
CREATE INDEX "channels_by_need" ON "channels" USING btree ((case "status" when 'reauth_required' then 0 when 'blocked' then 1 when 'degraded' then 2 when 'disconnecting' then 3 when 'paused' then 4 when 'connected' then 5 when 'disconnected' then 6 end),"status_since","id");--> statement-breakpoint
CREATE INDEX "channels_tenant_by_email" ON "channels" USING btree ("tenant_id",lower("account_email"),"id");--> statement-breakpoint
CREATE INDEX "channels_by_email" ON "channels" USING btree (lower("account_email"),"id");--> statement-breakpoint
CREATE INDEX "channels_tenant_by_status_since" ON "channels" USING btree ("tenant_id","status_since","id");--> statement-breakpoint
CREATE INDEX "channels_by_status_since" ON "channels" USING btree ("status_since","id");--> statement-breakpoint
CREATE INDEX "channels_text" ON "channels" USING gin ((lower("account_email" || ' ' || "account_login" || ' ' || coalesce("owner"->>'email', '') || ' ' || coalesce("owner"->>'name', '') || ' ' || "id")) gin_trgm_ops);