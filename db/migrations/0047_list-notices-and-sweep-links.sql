CREATE INDEX "links_banner_expiry" ON "links" USING btree ("expires_at") WHERE "links"."for_banner" and "links"."used_at" is null;--> statement-breakpoint
CREATE INDEX "notices_state" ON "notices" USING btree ("state","id");--> statement-breakpoint
CREATE INDEX "notices_kind" ON "notices" USING btree ("kind","id");