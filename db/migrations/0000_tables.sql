CREATE TABLE "channels" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"kind" text NOT NULL,
	"access_type" text NOT NULL,
	"uses" text[] NOT NULL,
	"account_email" text NOT NULL,
	"account_login" text NOT NULL,
	"account_provider_id" text NOT NULL,
	"mailbox_key" text NOT NULL,
	"owner" jsonb,
	"metadata" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"status" text NOT NULL,
	"status_reason" text,
	"status_since" timestamp with time zone NOT NULL,
	"action" text DEFAULT 'none' NOT NULL,
	"provider_code" text,
	"incident_id" text,
	"credential_version" integer NOT NULL,
	"last_verified_at" timestamp with time zone,
	"covered_until" timestamp with time zone,
	"import_state" text DEFAULT 'idle' NOT NULL,
	"import_mode" text DEFAULT 'continuous' NOT NULL,
	"keep_warm" text DEFAULT 'always' NOT NULL,
	"refresh_requested_at" timestamp with time zone,
	"check_requested_at" timestamp with time zone,
	"poll_requested_at" timestamp with time zone,
	"disconnect_requested_at" timestamp with time zone,
	"erase_requested" boolean DEFAULT false NOT NULL,
	"checked_at" timestamp with time zone,
	"next_refresh_at" timestamp with time zone,
	"next_poll_at" timestamp with time zone,
	"retry_at" timestamp with time zone,
	"failures" integer DEFAULT 0 NOT NULL,
	"trouble" text,
	"suspicion" jsonb,
	"next_due_at" timestamp with time zone,
	"workflow_seq" bigint DEFAULT 0 NOT NULL,
	"revocation" text,
	"revocation_help" text,
	"disconnected_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "incidents" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text,
	"channel_id" text,
	"provider" text NOT NULL,
	"client" text,
	"reason" text,
	"opened_at" timestamp with time zone NOT NULL,
	"closed_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "nudges" (
	"channel_id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"signalled_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "credentials" (
	"channel_id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"kind" text NOT NULL,
	"version" integer NOT NULL,
	"secret_version" integer NOT NULL,
	"sealed_secret" text NOT NULL,
	"access_token_jwe" text,
	"token_type" text,
	"issued_at" timestamp with time zone,
	"expires_at" timestamp with time zone,
	"access_token_refused_at" timestamp with time zone,
	"scopes" text[] DEFAULT '{}' NOT NULL,
	"rotation" text DEFAULT 'none' NOT NULL,
	"grant_key" text NOT NULL,
	"lease_owner" text,
	"lease_until" timestamp with time zone,
	"updated_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "refresh_attempts" (
	"id" text PRIMARY KEY NOT NULL,
	"channel_id" text NOT NULL,
	"tenant_id" text NOT NULL,
	"version" integer NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"sent_at" timestamp with time zone,
	"abandoned_at" timestamp with time zone,
	"answered_at" timestamp with time zone,
	"sealed_answer" text,
	"outcome" text,
	"probe" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
CREATE TABLE "token_reads" (
	"id" bigserial PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"channel_id" text NOT NULL,
	"api_key_id" text NOT NULL,
	"version" integer NOT NULL,
	"at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "events" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"channel_id" text,
	"type" text NOT NULL,
	"incident_id" text,
	"data" jsonb NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"xact" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"seq" bigserial NOT NULL
);
--> statement-breakpoint
CREATE TABLE "feed_state" (
	"name" text PRIMARY KEY NOT NULL,
	"epoch" text NOT NULL,
	"xact" "xid8" NOT NULL,
	"seq" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "webhook_deliveries" (
	"id" text PRIMARY KEY NOT NULL,
	"event_id" text NOT NULL,
	"endpoint_id" text NOT NULL,
	"tenant_id" text NOT NULL,
	"redelivery" integer DEFAULT 0 NOT NULL,
	"state" text NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"last_status" integer,
	"last_error" text,
	"last_attempt_at" timestamp with time zone,
	"next_attempt_at" timestamp with time zone,
	"delivered_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "webhook_endpoints" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text,
	"url" text NOT NULL,
	"events" text[],
	"secret_jwe" text NOT NULL,
	"disabled_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "cursors" (
	"channel_id" text NOT NULL,
	"tenant_id" text NOT NULL,
	"scope" text NOT NULL,
	"name" text,
	"cursor" text NOT NULL,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "cursors_channel_id_scope_pk" PRIMARY KEY("channel_id","scope")
);
--> statement-breakpoint
CREATE TABLE "import_items" (
	"import_id" text NOT NULL,
	"scope" text NOT NULL,
	"generation" text NOT NULL,
	"provider_id" text NOT NULL,
	"channel_id" text NOT NULL,
	"tenant_id" text NOT NULL,
	"outcome" text,
	"skip_reason" text,
	"repaired" boolean DEFAULT false NOT NULL,
	"tries" integer DEFAULT 0 NOT NULL,
	"message_id" text,
	"listed_at" timestamp with time zone NOT NULL,
	CONSTRAINT "import_items_import_id_scope_generation_provider_id_pk" PRIMARY KEY("import_id","scope","generation","provider_id")
);
--> statement-breakpoint
CREATE TABLE "import_scopes" (
	"import_id" text NOT NULL,
	"scope" text NOT NULL,
	"channel_id" text NOT NULL,
	"tenant_id" text NOT NULL,
	"name" text,
	"listing" text NOT NULL,
	"from_cursor" text,
	"head_cursor" text,
	"head_at" timestamp with time zone,
	"position" text,
	"state" text NOT NULL,
	CONSTRAINT "import_scopes_import_id_scope_pk" PRIMARY KEY("import_id","scope")
);
--> statement-breakpoint
CREATE TABLE "imports" (
	"id" text PRIMARY KEY NOT NULL,
	"channel_id" text NOT NULL,
	"tenant_id" text NOT NULL,
	"state" text NOT NULL,
	"cause" text NOT NULL,
	"window_from" timestamp with time zone,
	"window_to" timestamp with time zone,
	"moves_cursor" boolean NOT NULL,
	"backfill" boolean NOT NULL,
	"compared" boolean DEFAULT false NOT NULL,
	"estimate" integer,
	"started_at" timestamp with time zone NOT NULL,
	"completed_at" timestamp with time zone,
	"failures" integer DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "links" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"hash" text NOT NULL,
	"purpose" text NOT NULL,
	"channel_id" text,
	"spec" jsonb NOT NULL,
	"return_to" text,
	"expires_at" timestamp with time zone NOT NULL,
	"used_at" timestamp with time zone,
	"result" jsonb,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "links_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "sign_ins" (
	"state_hash" text PRIMARY KEY NOT NULL,
	"link_id" text NOT NULL,
	"tenant_id" text NOT NULL,
	"access_type" text NOT NULL,
	"provider" text NOT NULL,
	"browser_hash" text NOT NULL,
	"code_verifier_jwe" text NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL,
	"consumed_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "message_locations" (
	"channel_id" text NOT NULL,
	"scope" text NOT NULL,
	"generation" text NOT NULL,
	"provider_id" text NOT NULL,
	"tenant_id" text NOT NULL,
	"message_id" text NOT NULL,
	CONSTRAINT "message_locations_channel_id_scope_generation_provider_id_pk" PRIMARY KEY("channel_id","scope","generation","provider_id")
);
--> statement-breakpoint
CREATE TABLE "message_notices" (
	"channel_id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"count" integer NOT NULL,
	"since" timestamp with time zone NOT NULL,
	"first_xact" "xid8" DEFAULT pg_current_xact_id() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "message_parts" (
	"content_id" text NOT NULL,
	"part" integer NOT NULL,
	"tenant_id" text NOT NULL,
	"channel_id" text NOT NULL,
	"jwe" text NOT NULL,
	CONSTRAINT "message_parts_content_id_part_pk" PRIMARY KEY("content_id","part")
);
--> statement-breakpoint
CREATE TABLE "messages" (
	"id" text PRIMARY KEY NOT NULL,
	"tenant_id" text NOT NULL,
	"channel_id" text NOT NULL,
	"provider_id" text NOT NULL,
	"folder" text NOT NULL,
	"message_id" text,
	"subject" text,
	"sender" jsonb,
	"recipients" jsonb NOT NULL,
	"date" timestamp with time zone,
	"received_at" timestamp with time zone NOT NULL,
	"size" integer NOT NULL,
	"backfilled" boolean NOT NULL,
	"import_id" text,
	"content_id" text NOT NULL,
	"fingerprint" text NOT NULL,
	"stored_at" timestamp with time zone NOT NULL,
	"acknowledged_at" timestamp with time zone,
	"xact" "xid8" DEFAULT pg_current_xact_id() NOT NULL,
	"seq" bigserial NOT NULL
);
--> statement-breakpoint
CREATE TABLE "api_keys" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"hash" text NOT NULL,
	"tenant_id" text,
	"scopes" text[] NOT NULL,
	"cidrs" text[],
	"expires_at" timestamp with time zone,
	"revoked_at" timestamp with time zone,
	"last_used_at" timestamp with time zone,
	"created_at" timestamp with time zone NOT NULL,
	CONSTRAINT "api_keys_hash_unique" UNIQUE("hash")
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"hash" text PRIMARY KEY NOT NULL,
	"request_hash" text NOT NULL,
	"status" integer,
	"sealed_answer" text,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "tenants" (
	"id" text PRIMARY KEY NOT NULL,
	"policy" jsonb,
	"created_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "ui_sessions" (
	"hash" text PRIMARY KEY NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"expires_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "channels" ADD CONSTRAINT "channels_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incidents" ADD CONSTRAINT "incidents_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "incidents" ADD CONSTRAINT "incidents_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "nudges" ADD CONSTRAINT "nudges_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "nudges" ADD CONSTRAINT "nudges_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "credentials" ADD CONSTRAINT "credentials_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refresh_attempts" ADD CONSTRAINT "refresh_attempts_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "refresh_attempts" ADD CONSTRAINT "refresh_attempts_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "events" ADD CONSTRAINT "events_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "events" ADD CONSTRAINT "events_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_event_id_events_id_fk" FOREIGN KEY ("event_id") REFERENCES "public"."events"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_endpoint_id_webhook_endpoints_id_fk" FOREIGN KEY ("endpoint_id") REFERENCES "public"."webhook_endpoints"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_deliveries" ADD CONSTRAINT "webhook_deliveries_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "webhook_endpoints" ADD CONSTRAINT "webhook_endpoints_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cursors" ADD CONSTRAINT "cursors_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "cursors" ADD CONSTRAINT "cursors_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "import_items" ADD CONSTRAINT "import_items_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "import_items" ADD CONSTRAINT "import_items_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "import_items" ADD CONSTRAINT "import_items_import_id_scope_import_scopes_import_id_scope_fk" FOREIGN KEY ("import_id","scope") REFERENCES "public"."import_scopes"("import_id","scope") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "import_scopes" ADD CONSTRAINT "import_scopes_import_id_imports_id_fk" FOREIGN KEY ("import_id") REFERENCES "public"."imports"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "import_scopes" ADD CONSTRAINT "import_scopes_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "import_scopes" ADD CONSTRAINT "import_scopes_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "imports" ADD CONSTRAINT "imports_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "imports" ADD CONSTRAINT "imports_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "links" ADD CONSTRAINT "links_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "links" ADD CONSTRAINT "links_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sign_ins" ADD CONSTRAINT "sign_ins_link_id_links_id_fk" FOREIGN KEY ("link_id") REFERENCES "public"."links"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "sign_ins" ADD CONSTRAINT "sign_ins_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message_locations" ADD CONSTRAINT "message_locations_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message_locations" ADD CONSTRAINT "message_locations_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message_notices" ADD CONSTRAINT "message_notices_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message_notices" ADD CONSTRAINT "message_notices_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message_parts" ADD CONSTRAINT "message_parts_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "message_parts" ADD CONSTRAINT "message_parts_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "messages" ADD CONSTRAINT "messages_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "api_keys" ADD CONSTRAINT "api_keys_tenant_id_tenants_id_fk" FOREIGN KEY ("tenant_id") REFERENCES "public"."tenants"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "channels_live_mailbox" ON "channels" USING btree ("tenant_id","access_type","mailbox_key") WHERE "channels"."status" not in ('disconnecting', 'disconnected');--> statement-breakpoint
CREATE INDEX "channels_tenant" ON "channels" USING btree ("tenant_id","id");--> statement-breakpoint
CREATE INDEX "channels_due" ON "channels" USING btree ("next_due_at");--> statement-breakpoint
CREATE UNIQUE INDEX "incidents_open_operator" ON "incidents" USING btree ("provider","client","reason") WHERE "incidents"."closed_at" is null and "incidents"."channel_id" is null;--> statement-breakpoint
CREATE UNIQUE INDEX "incidents_open_channel" ON "incidents" USING btree ("channel_id") WHERE "incidents"."closed_at" is null and "incidents"."channel_id" is not null;--> statement-breakpoint
CREATE INDEX "refresh_attempts_channel" ON "refresh_attempts" USING btree ("channel_id","version");--> statement-breakpoint
CREATE INDEX "token_reads_channel" ON "token_reads" USING btree ("channel_id","at");--> statement-breakpoint
CREATE INDEX "events_channel" ON "events" USING btree ("channel_id","xact","seq");--> statement-breakpoint
CREATE INDEX "events_feed" ON "events" USING btree ("xact","seq");--> statement-breakpoint
CREATE UNIQUE INDEX "webhook_deliveries_once" ON "webhook_deliveries" USING btree ("event_id","endpoint_id","redelivery");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_endpoint" ON "webhook_deliveries" USING btree ("endpoint_id","id");--> statement-breakpoint
CREATE INDEX "webhook_deliveries_pending" ON "webhook_deliveries" USING btree ("next_attempt_at") WHERE "webhook_deliveries"."state" = 'pending';--> statement-breakpoint
CREATE INDEX "imports_channel" ON "imports" USING btree ("channel_id","id");--> statement-breakpoint
CREATE UNIQUE INDEX "imports_running" ON "imports" USING btree ("channel_id") WHERE "imports"."state" = 'running';--> statement-breakpoint
CREATE INDEX "message_locations_message" ON "message_locations" USING btree ("message_id");--> statement-breakpoint
CREATE INDEX "messages_channel_feed" ON "messages" USING btree ("channel_id","xact","seq");--> statement-breakpoint
CREATE INDEX "messages_feed" ON "messages" USING btree ("xact","seq");--> statement-breakpoint
CREATE INDEX "messages_fingerprint" ON "messages" USING btree ("channel_id","fingerprint");