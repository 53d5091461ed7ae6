import { readFile } from 'node:fs/promises';
import { ImapFlow } from 'imapflow';
import type { Stage } from './stage.ts';

export interface Mailbox {
  email: string;
  password: string;
  server: Pick<Stage['imap'], 'host' | 'port' | 'ca_file'>;
}

/** What a person's mail program does. */
export async function atMailbox<T>(
  { email, password, server }: Mailbox,
  work: (client: ImapFlow) => Promise<T>,
): Promise<T> {
  const client = new ImapFlow({
    host: server.host,
    port: server.port,
    secure: false,
    doSTARTTLS: true,
    auth: { user: email, pass: password },
    tls: { ca: await readFile(server.ca_file) },
    logger: false,
  });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.logout();
  }
}

/** As migration tools do: every message is appended with its date of arrival. */
export async function copyMail(
  from: Mailbox,
  to: Mailbox,
  { folders, into = (folder) => folder }: { folders: string[]; into?: (folder: string) => string },
): Promise<void> {
  for (const folder of folders) {
    const messages = await atMailbox(from, async (client) => {
      await client.mailboxOpen(folder);
      return client.fetchAll('1:*', { source: true, internalDate: true });
    });
    await atMailbox(to, async (client) => {
      if (into(folder) !== 'INBOX') await client.mailboxCreate(into(folder)).catch(() => undefined);
      for (const { source, internalDate } of messages) {
        await client.append(into(folder), source ?? '', [], internalDate ? new Date(internalDate) : undefined);
      }
    });
  }
}
