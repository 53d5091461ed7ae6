ALTER TABLE "import_items" ADD COLUMN "parser_version" integer;--> statement-breakpoint
ALTER TABLE "import_items" ADD COLUMN "held_content_id" text;--> statement-breakpoint
ALTER TABLE "import_items" ADD COLUMN "held_facts" jsonb;--> statement-breakpoint
CREATE INDEX "import_items_held" ON "import_items" USING btree ("held_content_id") WHERE "import_items"."held_content_id" is not null;