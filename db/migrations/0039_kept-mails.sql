CREATE TABLE "kept_mails" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"jwe" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "kept_mails" ADD CONSTRAINT "kept_mails_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "kept_mails_tenant" ON "kept_mails" USING btree ("tenant_id","id");
--> statement-breakpoint
-- Rule 14, for the new table.
ALTER TABLE "kept_mails" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "kept_mails" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY tenant ON "kept_mails" TO mooring_app USING (tenant_id = current_setting('mooring.tenant', true)) WITH CHECK (tenant_id = current_setting('mooring.tenant', true));
