CREATE TABLE "incident_channels" (
	"incident_id" text NOT NULL,
	"channel_id" text NOT NULL,
	"tenant_id" text NOT NULL,
	"joined_at" timestamp with time zone NOT NULL,
	CONSTRAINT "incident_channels_incident_id_channel_id_pk" PRIMARY KEY("incident_id","channel_id")
);
--> statement-breakpoint
CREATE TABLE "incident_tenants" (
	"incident_id" text NOT NULL,
	"tenant_id" text NOT NULL,
	"channels" integer NOT NULL,
	CONSTRAINT "incident_tenants_incident_id_tenant_id_pk" PRIMARY KEY("incident_id","tenant_id")
);
--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "waits_for" text;--> statement-breakpoint
ALTER TABLE "incidents" ADD COLUMN "scope" text DEFAULT 'channel' NOT NULL;--> statement-breakpoint
ALTER TABLE "incidents" ADD COLUMN "oauth_provider" text;--> statement-breakpoint
ALTER TABLE "incidents" ADD COLUMN "server" text;--> statement-breakpoint
ALTER TABLE "incidents" ADD COLUMN "provider_code" text;--> statement-breakpoint
ALTER TABLE "incidents" ADD COLUMN "action" text;--> statement-breakpoint
ALTER TABLE "incidents" ADD COLUMN "folded_into" text;--> statement-breakpoint
ALTER TABLE "incidents" ADD COLUMN "needed_person_at" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "incidents" ADD COLUMN "worked_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "incidents" ADD COLUMN "reauthorized" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "incidents" ADD COLUMN "tried" text;--> statement-breakpoint
ALTER TABLE "incidents" ADD COLUMN "canary_id" text;--> statement-breakpoint
ALTER TABLE "incidents" ADD COLUMN "canary_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "incidents" ADD COLUMN "calm_since" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "incidents" ADD COLUMN "holds_until" timestamp with time zone;--> statement-breakpoint
ALTER TABLE "incident_channels" ADD CONSTRAINT "incident_channels_incident_id_incidents_id_fk" FOREIGN KEY ("incident_id") REFERENCES "public"."incidents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incident_channels" ADD CONSTRAINT "incident_channels_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incident_channels" ADD CONSTRAINT "incident_channels_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incident_tenants" ADD CONSTRAINT "incident_tenants_incident_id_incidents_id_fk" FOREIGN KEY ("incident_id") REFERENCES "public"."incidents"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incident_tenants" ADD CONSTRAINT "incident_tenants_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "incident_channels_channel" ON "incident_channels" USING btree ("channel_id");--> statement-breakpoint
CREATE INDEX "incident_channels_tenant" ON "incident_channels" USING btree ("tenant_id","incident_id");--> statement-breakpoint
CREATE INDEX "incident_tenants_tenant" ON "incident_tenants" USING btree ("tenant_id","incident_id");--> statement-breakpoint
CREATE INDEX "channels_live" ON "channels" USING btree ("access_type","tenant_id") WHERE "channels"."status" not in ('disconnecting', 'disconnected');--> statement-breakpoint
CREATE INDEX "channels_live_server" ON "channels" USING btree ("access_type","server_key") WHERE "channels"."status" not in ('disconnecting', 'disconnected') and "channels"."server_key" <> '';--> statement-breakpoint
CREATE INDEX "channels_degraded" ON "channels" USING btree ("access_type","server_key") WHERE "channels"."status" = 'degraded';--> statement-breakpoint
CREATE INDEX "channels_degraded_since" ON "channels" USING btree ("status_since") WHERE "channels"."status" = 'degraded';--> statement-breakpoint
CREATE INDEX "channels_reauth_since" ON "channels" USING btree ("status_since") WHERE "channels"."status" = 'reauth_required';--> statement-breakpoint
CREATE INDEX "channels_incident" ON "channels" USING btree ("incident_id","id") WHERE "channels"."incident_id" is not null;--> statement-breakpoint
CREATE INDEX "channels_waiting" ON "channels" USING btree ("waits_for","id") WHERE "channels"."waits_for" is not null;--> statement-breakpoint
CREATE INDEX "incidents_tenant" ON "incidents" USING btree ("tenant_id","id");--> statement-breakpoint
CREATE INDEX "incidents_open" ON "incidents" USING btree ("id") WHERE "incidents"."closed_at" is null;--> statement-breakpoint
CREATE INDEX "incidents_wider" ON "incidents" USING btree ("id") WHERE "incidents"."channel_id" is null;--> statement-breakpoint
CREATE INDEX "incidents_folded" ON "incidents" USING btree ("folded_into") WHERE "incidents"."folded_into" is not null;--> statement-breakpoint
CREATE INDEX "incidents_of_person" ON "incidents" USING btree ("needed_person_at") WHERE "incidents"."needed_person_at" is not null;--> statement-breakpoint
CREATE INDEX "incidents_of_tenants_person" ON "incidents" USING btree ("tenant_id","needed_person_at") WHERE "incidents"."needed_person_at" is not null;--> statement-breakpoint
CREATE UNIQUE INDEX "incidents_open_provider" ON "incidents" USING btree ("provider",coalesce("server", ''),"action") WHERE "incidents"."closed_at" is null and "incidents"."scope" = 'provider';
--> statement-breakpoint
UPDATE "incidents" SET "scope" = 'client', "action" = 'fix_app_credentials', "tried" = 'credential' WHERE "channel_id" IS NULL;--> statement-breakpoint
UPDATE "incidents" SET "needed_person_at" = "opened_at" WHERE "needed_person";--> statement-breakpoint
-- A key that had every scope has the new one.
UPDATE "api_keys" SET "scopes" = array_append("scopes", 'incidents:write')
  WHERE NOT "scopes" @> ARRAY['incidents:write'] AND "scopes" @> ARRAY['channels:read', 'channels:write', 'links:write', 'tokens:read',
    'messages:read', 'messages:write', 'webhooks:read', 'webhooks:write', 'metrics:read', 'admin'];--> statement-breakpoint
-- Rule 14, for the new tables.
DO $$ DECLARE name text; BEGIN
  FOREACH name IN ARRAY ARRAY['incident_channels', 'incident_tenants'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant ON %I TO mooring_app USING (tenant_id = current_setting(''mooring.tenant'', true)) WITH CHECK (tenant_id = current_setting(''mooring.tenant'', true))', name);
  END LOOP;
END $$;
--> statement-breakpoint
-- Incidents of a provider or of the operator's client belong to no tenant: a tenant sees that they are, and changes none.
CREATE POLICY wider ON incidents FOR SELECT TO mooring_app
  USING (tenant_id IS NULL AND scope IN ('provider', 'client') AND current_setting('mooring.tenant', true) <> '');
