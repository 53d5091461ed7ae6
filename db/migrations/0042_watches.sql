CREATE TABLE "listeners" (
	"owner" text PRIMARY KEY NOT NULL,
	"access_types" text[] NOT NULL,
	"alive_until" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "watches" (
	"channel_id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"access_type" text NOT NULL,
	"host" text NOT NULL,
	"next_look_at" timestamp with time zone,
	"interval_ms" integer NOT NULL,
	"watched_at" timestamp with time zone,
	"covered_until" timestamp with time zone,
	"waits_since" timestamp with time zone,
	"owner" text,
	"lease_until" timestamp with time zone
);
--> statement-breakpoint
ALTER TABLE "watches" ADD CONSTRAINT "watches_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "watches_next_look" ON "watches" USING btree ("next_look_at") WHERE "watches"."next_look_at" is not null;--> statement-breakpoint
ALTER TABLE watches ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE watches FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant ON watches TO mooring_app USING (tenant_id = current_setting('mooring.tenant', true)) WITH CHECK (tenant_id = current_setting('mooring.tenant', true));
