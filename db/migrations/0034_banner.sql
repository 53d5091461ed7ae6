ALTER TABLE "links" ADD COLUMN "origin" text;--> statement-breakpoint
ALTER TABLE "links" ADD COLUMN "for_banner" boolean DEFAULT false NOT NULL;--> statement-breakpoint
CREATE INDEX "channels_needing_person" ON "channels" USING btree ("tenant_id","status_since") WHERE "channels"."status" in ('reauth_required', 'blocked') and "channels"."action" <> 'fix_app_credentials';--> statement-breakpoint
CREATE INDEX "links_banner" ON "links" USING btree ("channel_id","expires_at") WHERE "links"."for_banner";--> statement-breakpoint
CREATE INDEX "tenants_banner_origins" ON "tenants" USING gin (("policy" -> 'banner_origins'));