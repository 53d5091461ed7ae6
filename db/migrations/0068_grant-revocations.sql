CREATE TABLE "grant_revocations" (
	"grant_key" text PRIMARY KEY NOT NULL,
	"until" timestamp with time zone NOT NULL
);
