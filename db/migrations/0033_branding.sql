CREATE TABLE "branding" (
	"id" text PRIMARY KEY DEFAULT 'branding' NOT NULL,
	"name" text,
	"logo_url" text,
	"accent_color" text,
	"support_email" text,
	"support_url" text,
	"privacy_url" text,
	"updated_at" timestamp with time zone NOT NULL,
	CONSTRAINT "branding_has_one_row" CHECK ("branding"."id" = 'branding')
);
