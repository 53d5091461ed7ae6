CREATE TABLE "served_access_types" (
	"access_type" text PRIMARY KEY NOT NULL,
	"served_until" timestamp with time zone NOT NULL
);
