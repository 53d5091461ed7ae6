CREATE INDEX "sign_ins_of_link" ON "sign_ins" USING btree ("link_id","created_at");--> statement-breakpoint
CREATE INDEX "sign_ins_by_expiry" ON "sign_ins" USING btree ("expires_at");