ALTER TABLE "channels" ADD COLUMN "paused_at" timestamp with time zone;
