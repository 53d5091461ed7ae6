CREATE TABLE "adoptions" (
	"tenant_id" text NOT NULL,
	"token_hash" text NOT NULL,
	"access_type" text NOT NULL,
	"request" jsonb NOT NULL,
	"sealed_token" text,
	"holder" text NOT NULL,
	"due_at" timestamp with time zone,
	"tries" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"sent_at" timestamp with time zone,
	"answered_at" timestamp with time zone,
	"sealed_answer" text,
	"failure" jsonb,
	"channel_id" text,
	"expires_at" timestamp with time zone NOT NULL,
	CONSTRAINT "adoptions_tenant_id_token_hash_pk" PRIMARY KEY("tenant_id","token_hash")
);
--> statement-breakpoint
ALTER TABLE "adoptions" ADD CONSTRAINT "adoptions_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "adoptions" ADD CONSTRAINT "adoptions_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "adoptions_due" ON "adoptions" USING btree ("due_at") WHERE "adoptions"."sealed_answer" is not null and "adoptions"."channel_id" is null;--> statement-breakpoint
CREATE INDEX "adoptions_channel" ON "adoptions" USING btree ("channel_id");
--> statement-breakpoint
ALTER TABLE adoptions ENABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE adoptions FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
CREATE POLICY tenant ON adoptions TO mooring_app USING (tenant_id = current_setting('mooring.tenant', true)) WITH CHECK (tenant_id = current_setting('mooring.tenant', true));
