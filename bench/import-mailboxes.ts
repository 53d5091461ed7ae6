import { composeMessage, newMessages } from '../sandbox/message-factory.ts';
import { readSandbox } from '../embedded/sandbox.ts';
import { connectAt, connectGmail, connectImap, imapLogin } from './channels.ts';
import type { Channel } from './channels.ts';
import type { RawLoopOrder } from './raw-loop.ts';
import type { Setting } from './setting.ts';

export const MESSAGE_BYTES = 8_000;
/** What one call to the sandbox's control delivers. */
const DELIVERED_AT_ONCE = 10_000;
/** Dovecot's messages are files; more says nothing new. */
const MOST_AT_DOVECOT = 10_000;

/** So many messages, of so many bytes each. */
interface Content {
  count: number;
  bytes: number;
}

/** A mailbox full of messages, and how to get at it. */
interface Mailbox {
  channel: Channel;
  order: RawLoopOrder;
}

/** A kind of mailbox that imports are measured from. */
export interface Source {
  name: string;
  /** null: not that many of this kind, or no such server. */
  fill(setting: Setting, content: Content): Promise<Mailbox | null>;
}

export const SOURCES: Source[] = [
  { name: 'gmail', fill: fillGmail },
  { name: 'imap', fill: fillImap },
  { name: 'dovecot', fill: fillDovecot },
];

const nameOf = ({ count, bytes }: Content) => `import-${count}-of-${bytes}`;

async function fillGmail(setting: Setting, content: Content): Promise<Mailbox> {
  const { mooring } = setting;
  const email = `${nameOf(content)}@gmail.example`;
  await mooring.sandbox.settings('google', { token_life_s: 3600 });
  await fillSandbox(setting, 'google', email, content);
  const channel = await connectGmail(mooring, email);
  const path = `/v1/channels/${channel.id}/access-token`;
  const { access_token: accessToken } = await mooring.call<{ access_token: string }>('GET', path);
  const apiUrl = readSandbox(mooring.stateDir)?.environment['google']?.['GMAIL_API_URL'] ?? '';
  return { channel, order: { protocol: 'gmail', apiUrl, accessToken } };
}

async function fillImap(setting: Setting, content: Content): Promise<Mailbox> {
  const { mooring } = setting;
  const email = `${nameOf(content)}@imap.example`;
  await fillSandbox(setting, 'imap', email, content);
  const { host = '', port = 0, ca_file: caFile = '' } = mooring.sandbox.imap ?? {};
  const channel = await connectImap(mooring, email);
  return { channel, order: { protocol: 'imap', host, port, caFile, ...imapLogin(email) } };
}

async function fillSandbox(
  { mooring }: Setting,
  provider: 'google' | 'imap',
  email: string,
  { count, bytes }: Content,
): Promise<void> {
  await mooring.sandbox.account(provider, email);
  for (let left = count; left > 0; left -= DELIVERED_AT_ONCE) {
    await mooring.sandbox.deliver(provider, email, Math.min(left, DELIVERED_AT_ONCE), { size: bytes });
  }
}

function* composed(email: string, { count, bytes }: Content): Generator<{ raw: Buffer; receivedAt: Date }> {
  const now = new Date();
  for (const spec of newMessages(email, { count, size: bytes }, now)) {
    yield { raw: composeMessage(spec), receivedAt: now };
  }
}

/** The same messages on a server that is not ours. */
async function fillDovecot({ mooring, dovecot }: Setting, content: Content): Promise<Mailbox | null> {
  if (dovecot === null || content.count > MOST_AT_DOVECOT) return null;
  const email = `${nameOf(content)}@dovecot.example`;
  const { user, pass } = imapLogin(email);
  await dovecot.setPassword(user, pass);
  await dovecot.as(user, (client) => client.mailboxOpen('INBOX')); // Dovecot makes the maildir at the first login
  dovecot.fill(user, 'INBOX', composed(email, content));
  const { host, port, caFile } = dovecot;
  const channel = await connectAt(mooring, email, { host, port });
  return { channel, order: { protocol: 'imap', host, port, caFile, user, pass } };
}
