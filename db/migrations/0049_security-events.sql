CREATE TABLE "security_events" (
	"provider" text NOT NULL,
	"token_id" text NOT NULL,
	"position" integer NOT NULL,
	"provider_id" text NOT NULL,
	"kind" text NOT NULL,
	"detail" text,
	"received_at" timestamp with time zone NOT NULL,
	"told_at" timestamp with time zone,
	"certain_at" timestamp with time zone,
	CONSTRAINT "security_events_provider_token_id_position_pk" PRIMARY KEY("provider","token_id","position")
);
--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "reason_told" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "credentials" ADD COLUMN "token_identifiers" text[];--> statement-breakpoint
CREATE INDEX "security_events_login" ON "security_events" USING btree ("provider","provider_id","received_at");--> statement-breakpoint
CREATE INDEX "security_events_certain" ON "security_events" USING btree ("certain_at");--> statement-breakpoint
CREATE INDEX "security_events_received" ON "security_events" USING btree ("received_at");--> statement-breakpoint
CREATE INDEX "channels_login" ON "channels" USING btree ("account_provider_id");--> statement-breakpoint
CREATE INDEX "credentials_token_identifiers" ON "credentials" USING gin ("token_identifiers");