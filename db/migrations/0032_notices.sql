CREATE TABLE "notices" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"channel_id" text NOT NULL,
	"incident_id" text,
	"kind" text NOT NULL,
	"occasion" text NOT NULL,
	"recipient" text,
	"recipient_id" text NOT NULL,
	"why" text NOT NULL,
	"state" text NOT NULL,
	"due_at" timestamp with time zone NOT NULL,
	"held_by" text,
	"held_until" timestamp with time zone,
	"mail_id" text,
	"unsubscribe_hash" text,
	"attempts" integer DEFAULT 0 NOT NULL,
	"attempted_at" timestamp with time zone,
	"error" text,
	"created_at" timestamp with time zone NOT NULL,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "refused_addresses" (
	"tenant_id" text NOT NULL,
	"address" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"reason" text NOT NULL,
	"source" text NOT NULL,
	CONSTRAINT "refused_addresses_tenant_id_address_pk" PRIMARY KEY("tenant_id","address")
);
--> statement-breakpoint
CREATE TABLE "unsubscribes" (
	"tenant_id" text NOT NULL,
	"channel_id" text NOT NULL,
	"address" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	CONSTRAINT "unsubscribes_channel_id_address_pk" PRIMARY KEY("channel_id","address")
);
--> statement-breakpoint
ALTER TABLE "notices" ADD CONSTRAINT "notices_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "notices" ADD CONSTRAINT "notices_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refused_addresses" ADD CONSTRAINT "refused_addresses_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "unsubscribes" ADD CONSTRAINT "unsubscribes_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "unsubscribes" ADD CONSTRAINT "unsubscribes_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "notices_once" ON "notices" USING btree ("incident_id","recipient_id","occasion");--> statement-breakpoint
CREATE INDEX "notices_tenant" ON "notices" USING btree ("tenant_id","id");--> statement-breakpoint
CREATE INDEX "notices_channel" ON "notices" USING btree ("channel_id","id");--> statement-breakpoint
CREATE INDEX "notices_recipient" ON "notices" USING btree ("tenant_id","recipient_id","at");--> statement-breakpoint
CREATE INDEX "notices_unsubscribe" ON "notices" USING btree ("unsubscribe_hash");--> statement-breakpoint
CREATE INDEX "notices_due" ON "notices" USING btree ("due_at") WHERE "notices"."state" = 'queued';--> statement-breakpoint
CREATE INDEX "notices_held" ON "notices" USING btree ("held_by") WHERE "notices"."state" = 'queued';
--> statement-breakpoint
-- Rule 14, for the new tables.
DO $$ DECLARE name text; BEGIN
  FOREACH name IN ARRAY ARRAY['notices', 'unsubscribes', 'refused_addresses'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY tenant ON %I TO mooring_app USING (tenant_id = current_setting(''mooring.tenant'', true)) WITH CHECK (tenant_id = current_setting(''mooring.tenant'', true))', name);
  END LOOP;
END $$;
--> statement-breakpoint
-- The planner of notices reads the same feed as the outbox. It begins at the end of it: no person is told of older events.
INSERT INTO feed_state (name, epoch, xact, seq) SELECT 'notices', epoch, xact, seq FROM feed_state WHERE name = 'outbox';
