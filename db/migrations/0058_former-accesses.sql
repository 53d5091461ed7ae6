CREATE TABLE "former_accesses" (
	"id" text PRIMARY KEY NOT NULL,
	"channel_id" text NOT NULL,
	"tenant_id" text NOT NULL,
	"access_type" text NOT NULL,
	"changed_at" timestamp with time zone NOT NULL,
	"rests_until" timestamp with time zone NOT NULL,
	"can_return" boolean DEFAULT true NOT NULL,
	"ends_at" timestamp with time zone NOT NULL,
	"tries" integer DEFAULT 0 NOT NULL,
	"account_email" text NOT NULL,
	"account_login" text NOT NULL,
	"account_provider_id" text NOT NULL,
	"mailbox_key" text NOT NULL,
	"server_key" text NOT NULL,
	"server" jsonb,
	"smtp" jsonb,
	"uses" text[] NOT NULL,
	"missing_uses" text[] NOT NULL,
	"kind" text NOT NULL,
	"secret_version" integer NOT NULL,
	"sealed_secret" text DEFAULT '' NOT NULL,
	"token_type" text,
	"issued_at" timestamp with time zone,
	"scopes" text[] NOT NULL,
	"oauth_provider" text,
	"context" jsonb NOT NULL,
	"rotation" text NOT NULL,
	"grant_key" text NOT NULL,
	"token_identifiers" text[],
	"grant_ends_at" timestamp with time zone,
	"expiry_warn_at" timestamp with time zone,
	"parts" jsonb NOT NULL,
	"is_subscribed" boolean NOT NULL,
	"subscription" text
);
--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "access_version" integer DEFAULT 1 NOT NULL;--> statement-breakpoint
ALTER TABLE "refresh_attempts" ADD COLUMN "former_access_id" text;--> statement-breakpoint
ALTER TABLE "former_accesses" ADD CONSTRAINT "former_accesses_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "former_accesses" ADD CONSTRAINT "former_accesses_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "former_accesses_channel" ON "former_accesses" USING btree ("channel_id");--> statement-breakpoint
CREATE INDEX "former_accesses_end" ON "former_accesses" USING btree ("ends_at");--> statement-breakpoint
CREATE INDEX "former_accesses_grant" ON "former_accesses" USING btree ("grant_key");--> statement-breakpoint
-- Rule 14, for the new table.
ALTER TABLE "former_accesses" ENABLE ROW LEVEL SECURITY;--> statement-breakpoint
ALTER TABLE "former_accesses" FORCE ROW LEVEL SECURITY;--> statement-breakpoint
CREATE POLICY tenant ON "former_accesses" TO mooring_app USING (tenant_id = current_setting('mooring.tenant', true)) WITH CHECK (tenant_id = current_setting('mooring.tenant', true));
