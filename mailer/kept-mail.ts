import type { Vault } from '../crypto/vault.ts';
import type { Database } from '../db/client.ts';
import { insertKeptMail } from '../db/notices/kept-mails.ts';
import type { KeptMailRow } from '../db/notices/kept-mails.ts';
import type { Clock } from '../domain/clock.ts';
import type { Mail, Mailer } from '../domain/mail.ts';

const KEPT_MS = 30 * 86_400_000;

/**
 * Keeps mails instead of sending them, for a person to look at (`/outbox`). Encrypted under a key that the server holds
 * too: a dump of the database shows no link.
 */
export function createKeepingMailer({
  database,
  vault,
  clock,
}: {
  database: Database;
  vault: Vault;
  clock: Clock;
}): Mailer {
  return {
    async send(mail) {
      const { id, tenantId } = mail;
      const createdAt = await clock.now();
      const jwe = await vault.encrypt(new TextEncoder().encode(JSON.stringify(mail)), bindingOf(mail));
      const dropBefore = new Date(createdAt.getTime() - KEPT_MS);
      await database.inTenant(tenantId, (tx) => insertKeptMail(tx, { id, tenantId, jwe, createdAt }, dropBefore));
      return { outcome: 'sent', messageId: `<${id}@outbox.invalid>` };
    },
  };
}

/** Opens a kept mail. */
export async function openKeptMail(vault: Vault, row: KeptMailRow): Promise<Mail> {
  return JSON.parse(new TextDecoder().decode(await vault.decrypt(row.jwe, bindingOf(row)))) as Mail;
}

const bindingOf = ({ id, tenantId }: { id: string; tenantId: string }) =>
  ({ tenant: tenantId, owner: id, kind: 'kept_mail', version: 1 }) as const;
