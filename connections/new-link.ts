import { randomText, sha256 } from '../crypto/random-secrets.ts';
import { insertLink } from '../db/access/links.ts';
import type { LinkRow, LinkSpec } from '../db/access/links.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { newId } from '../db/ids.ts';
import type { Use } from '../domain/access-type.ts';
import { askedUses } from '../channels/granted-uses.ts';
import type { Context } from '../runtime/context.ts';

const DAY_MS = 24 * 3_600_000;
/** How long a link can be used for, in ms. */
export const LINK_LIFE_MS = DAY_MS;
/** The same of a notice's link, which its incident ends: mails are read late. */
const NOTICE_LINK_LIFE_MS = 365 * DAY_MS;

/** A link of the product's. */
export interface NewLink {
  tenantId: string;
  purpose: LinkRow['purpose'];
  channelId: string | null;
  spec: LinkSpec;
  returnTo: string | null;
  /** The origin of the page that opens it in a popup. */
  origin: string | null;
  /** A banner's link: its id, and the random part that is derived from it. Left out: both are random. */
  forBanner?: { id: string; secret: string };
}

/** Makes a link. Its address is told once, here: what is stored is a hash (S-32). */
export function makeLink(
  context: Pick<Context, 'config'>,
  tx: Transaction,
  { forBanner, ...link }: NewLink,
  now: Date,
): Promise<{ link: LinkRow; url: string }> {
  const { id, secret } = forBanner ?? { id: newId('lnk'), secret: randomText() };
  const facts = { id, forBanner: forBanner !== undefined, expiresAt: after(now, LINK_LIFE_MS), createdAt: now };
  return storeLink(context, tx, { ...link, ...facts }, secret);
}

export interface NoticeLink {
  /** The channel to sign in again; its row need not be locked. */
  channel: ChannelRow;
  /** null: of a grant that ends soon, which is no incident. */
  incidentId: string | null;
  /** The address that the notice goes to. */
  recipient: string;
  /** The end of the grant; null: the incident ends the link. */
  expiresAt: Date | null;
}

/**
 * Makes the link of a notice and answers with its address, for this one mail: what is stored is a hash. The link can be
 * used until its incident is closed, or until the grant of which it warns has ended.
 */
export async function makeNoticeLink(
  context: Pick<Context, 'config'>,
  tx: Transaction,
  { channel, incidentId, recipient, expiresAt: endsAt }: NoticeLink,
  now: Date,
): Promise<string> {
  const { tenantId, id: channelId } = channel;
  const about = { tenantId, channelId, ...wantedOf(channel, incidentId) };
  const expiresAt = endsAt ?? after(now, NOTICE_LINK_LIFE_MS);
  const facts = { id: newId('lnk'), recipient, incidentId, expiresAt, createdAt: now };
  return (await storeLink(context, tx, { ...about, ...facts }, randomText())).url;
}

/** What mends a channel: another access, which the person chooses at the link, or another sign-in. */
function wantedOf(channel: ChannelRow, incidentId: string | null): Pick<LinkRow, 'purpose' | 'spec'> {
  const spec = reauthorizeSpec(channel);
  if (incidentId === null || channel.action !== 'change_access') return { purpose: 'reauthorize', spec };
  return { purpose: 'change_access', spec: { ...spec, accessTypes: null } };
}

/**
 * A link to sign in again asks for the channel's own access, unchanged, and for its missing uses.
 * @param more uses that the channel is to gain
 */
export function reauthorizeSpec(channel: ChannelRow, more: readonly Use[] = []): LinkSpec {
  const { kind, owner, accessType, importMode, namespaces } = channel;
  return {
    kind,
    owner,
    accessTypes: [accessType],
    uses: askedUses(channel, more),
    import: importMode,
    importFrom: null,
    mailbox: null,
    namespaces,
  };
}

export const linkUrl = ({ config }: Pick<Context, 'config'>, secret: string): string =>
  `${config.publicUrl}/connect/${secret}`;

async function storeLink(
  context: Pick<Context, 'config'>,
  tx: Transaction,
  link: Omit<Parameters<typeof insertLink>[1], 'hash'>,
  secret: string,
): Promise<{ link: LinkRow; url: string }> {
  return { link: await insertLink(tx, { ...link, hash: sha256(secret) }), url: linkUrl(context, secret) };
}

const after = (now: Date, ms: number) => new Date(now.getTime() + ms);
