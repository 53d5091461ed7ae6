CREATE TABLE "parts_aside" (
	"channel_id" text NOT NULL,
	"tenant_id" text NOT NULL,
	"scope" text NOT NULL,
	"name" text,
	"reason" text NOT NULL,
	"since" timestamp with time zone NOT NULL,
	"retry_at" timestamp with time zone,
	CONSTRAINT "parts_aside_channel_id_scope_pk" PRIMARY KEY("channel_id","scope")
);
--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "namespaces" text[];--> statement-breakpoint
ALTER TABLE "import_scopes" ADD COLUMN "aside_reason" text;--> statement-breakpoint
ALTER TABLE "parts_aside" ADD CONSTRAINT "parts_aside_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "parts_aside" ADD CONSTRAINT "parts_aside_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE parts_aside ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE parts_aside FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant ON parts_aside TO mooring_app USING (tenant_id = current_setting('mooring.tenant', true)) WITH CHECK (tenant_id = current_setting('mooring.tenant', true));
