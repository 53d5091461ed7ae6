ALTER TABLE "notices" ALTER COLUMN "channel_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "notices" ADD COLUMN "link_id" text;--> statement-breakpoint
ALTER TABLE "notices" ADD CONSTRAINT "notices_link_id_links_id_fk" FOREIGN KEY ("link_id") REFERENCES "public"."links"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "notices_link" ON "notices" USING btree ("link_id","created_at");
--> statement-breakpoint
-- A key with every scope has the new one, too.
UPDATE api_keys SET scopes = scopes || 'notices:write'::text
  WHERE scopes @> ARRAY['channels:read', 'channels:write', 'links:write', 'tokens:read', 'messages:read', 'messages:write', 'webhooks:read', 'webhooks:write', 'metrics:read', 'admin']
    AND NOT 'notices:write' = ANY (scopes);
