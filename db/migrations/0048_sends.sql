CREATE TABLE "sends" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"channel_id" text NOT NULL,
	"key_hash" text NOT NULL,
	"body_hash" text NOT NULL,
	"message_id" text NOT NULL,
	"content_id" text,
	"size" integer NOT NULL,
	"state" text NOT NULL,
	"attempt" integer DEFAULT 1 NOT NULL,
	"transmitted_at" timestamp with time zone,
	"settled_at" timestamp with time zone,
	"outcome" jsonb,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "sends" ADD CONSTRAINT "sends_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sends" ADD CONSTRAINT "sends_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "sends_key" ON "sends" USING btree ("channel_id","key_hash");--> statement-breakpoint
CREATE INDEX "sends_tenant" ON "sends" USING btree ("tenant_id","id");--> statement-breakpoint
CREATE INDEX "sends_by_age" ON "sends" USING btree ("created_at");
--> statement-breakpoint
-- Rule 14, for the new table.
ALTER TABLE "sends" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "sends" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY tenant ON "sends" TO mooring_app USING (tenant_id = current_setting('mooring.tenant', true)) WITH CHECK (tenant_id = current_setting('mooring.tenant', true));--> statement-breakpoint
-- A key with every scope has the new one, too.
UPDATE api_keys SET scopes = scopes || 'messages:send'::text
  WHERE scopes @> ARRAY['channels:read', 'channels:write', 'links:write', 'tokens:read', 'messages:read', 'messages:write', 'webhooks:read', 'webhooks:write', 'incidents:write', 'notices:write', 'metrics:read', 'admin']
    AND NOT 'messages:send' = ANY (scopes);
