import { accessWordsOf, readsShared } from '../channels/access-words.ts';
import { findBranding } from '../db/access/branding.ts';
import { findLink } from '../db/access/links.ts';
import { findChannel } from '../db/channels/channels.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { findIncident } from '../db/channels/incidents.ts';
import type { Transaction } from '../db/client.ts';
import { findCredentialState } from '../db/credentials/credentials.ts';
import type { NoticeRow } from '../db/notices/notices.ts';
import type { TenantPolicy } from '../db/schema/tenants.ts';
import type { Mail } from '../domain/mail.ts';
import { sha256 } from '../crypto/random-secrets.ts';
import { expiringEnd, plainKind, reminderNumber } from '../domain/notices/notice.ts';
import { endThatIsTold } from './plan-expiring.ts';
import { itemOfChannel } from './mail/channel-item.ts';
import { composeMail } from './mail/compose.ts';
import { findPerson } from './mail-rules.ts';
import { noticeLink } from './notice-link.ts';
import type { MailItem } from './mail/mail-input.ts';
import type { Task } from './mail-kinds.ts';
import type { TellContext } from './tell-context.ts';

interface Content {
  /** Of one person, and one mail. */
  notices: NoticeRow[];
  policy: TenantPolicy;
  /** The random part of the mail's unsubscribe address. */
  unsubscribe: string;
  now: Date;
}

/** Composes a mail. It is the only place where its links are whole: the rows keep their hashes. */
export async function mailOf(context: TellContext, tx: Transaction, content: Content): Promise<Mail> {
  const { notices, policy, unsubscribe } = content;
  const [first] = notices;
  if (!first?.recipient) throw new Error('A notice without a recipient was to be sent');
  const channel = first.channelId === null ? null : await findChannel(tx, first.channelId);
  const person = findPerson(first.recipient, channel, policy);
  const items: MailItem[] = [];
  for (const notice of notices) items.push(await itemOf(context, tx, notice, content.now));
  const number = reminderNumber(first.occasion);
  const mail = composeMail({
    kind: notices.length > 1 ? 'digest' : plainKind(first),
    items,
    recipient: { email: first.recipient, name: person.name },
    why: first.why,
    ...(number === null ? {} : { number }),
    tenantName: policy.displayName ?? first.tenantId,
    branding: withOwnLogo(await findBranding(tx), context.config.publicUrl),
    locale: person.locale ?? policy.locale,
    timeZone: person.timeZone ?? policy.quietHours?.timeZone ?? 'UTC',
    unsubscribeUrl: first.why === 'asked' ? null : `${context.config.publicUrl}/unsubscribe/${unsubscribe}`,
  });
  if (first.mailId === null) throw new Error('A notice without a mail was to be sent');
  const to = { email: first.recipient, name: person.name };
  return { ...mail, id: first.mailId, tenantId: first.tenantId, to };
}

/** Mails show the logo through us, too: its host must not learn who reads a mail, and when. */
const withOwnLogo = <T extends { logoUrl: string | null }>(branding: T, publicUrl: string): T =>
  branding.logoUrl === null
    ? branding
    : { ...branding, logoUrl: `${publicUrl}/branding/logo?of=${sha256(branding.logoUrl).slice(0, 12)}` };

async function itemOf(context: TellContext, tx: Transaction, notice: NoticeRow, now: Date): Promise<MailItem> {
  const channel = notice.channelId === null ? null : await findChannel(tx, notice.channelId);
  const isOver = notice.kind === 'recovered';
  const link = isOver ? null : await noticeLink(context, tx, { notice, channel, now });
  if (!channel) return unconnected(link);
  const warned = expiringEnd(notice.occasion);
  const credential = await findCredentialState(tx, channel.id);
  const end = warned && endThatIsTold(context, { channel, credential, occasion: notice.occasion, now });
  const incident = notice.incidentId === null ? null : await findIncident(tx, notice.incidentId);
  return itemOfChannel(channel, accessWordsOf(context, channel, credential), {
    credential: credential?.kind === 'password' ? 'password' : 'grant',
    isOwnLogin: channel.kind === 'shared' && readsShared(context, channel, credential),
    since: incident?.openedAt ?? channel.statusSince,
    until: isOver ? (incident?.closedAt ?? notice.createdAt) : null,
    missed: null,
    link,
    ...(isOver ? { reason: incident?.reason ?? null, task: 'none' } : {}),
    ...(notice.kind === 'new_link' ? { task: await taskOfLink(tx, notice, channel) } : {}),
    // A refresh may move the end while the mail is composed: it then says when, and no reason.
    ...(warned ? { reason: end?.expiresBy ?? null, task: 'sign_in', since: null, until: warned } : {}),
  });
}

/** The new link of a notice is for what the channel needs now; in place of a link of the product's, for the same. */
async function taskOfLink(tx: Transaction, { incidentId, linkId }: NoticeRow, channel: ChannelRow): Promise<Task> {
  if (incidentId !== null) return channel.action === 'change_access' ? 'change_access' : 'sign_in';
  const expired = linkId === null ? null : await findLink(tx, linkId);
  return expired?.purpose === 'change_access' ? 'change_access' : 'sign_in';
}

/** A link to connect a mailbox, of which no more is known. */
const unconnected = (link: string | null): MailItem => ({
  mailbox: null,
  login: null,
  provider: null,
  reason: null,
  since: null,
  until: null,
  missed: null,
  task: 'sign_in',
  isAmbiguous: false,
  credential: 'grant',
  isOwnLogin: false,
  imports: true,
  link,
});
