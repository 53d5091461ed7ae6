CREATE TABLE "held_connections" (
	"channel_id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"owner" text NOT NULL,
	"lease_until" timestamp with time zone NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"retry_at" timestamp with time zone,
	"refused_version" integer
);
--> statement-breakpoint
ALTER TABLE "held_connections" ADD CONSTRAINT "held_connections_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "held_connections" ADD CONSTRAINT "held_connections_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "held_connections_owner" ON "held_connections" USING btree ("owner");--> statement-breakpoint
ALTER TABLE held_connections ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE held_connections FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant ON held_connections TO mooring_app USING (tenant_id = current_setting('mooring.tenant', true)) WITH CHECK (tenant_id = current_setting('mooring.tenant', true));
