import { listBannerLinks } from '../../db/access/links.ts';
import { lockChannel } from '../../db/channels/channels.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import type { Transaction } from '../../db/client.ts';
import { newId } from '../../db/ids.ts';
import { sha256 } from '../../crypto/random-secrets.ts';
import type { ApiContext } from '../api-context.ts';
import { LINK_LIFE_MS, linkUrl, reauthorizeSpec } from '../../connections/new-link.ts';
import { createLink } from '../connect/new-link.ts';

const LABEL = 'banner link';
/** A link with less life than this is followed by a new one: a page may stay open for hours before the person clicks. */
const LEAST_LIFE_MS = LINK_LIFE_MS / 2;

interface Wanted {
  channels: ChannelRow[];
  /** The origin of the page that shows the banner. */
  origin: string | null;
  now: Date;
}

/**
 * The addresses of the channels' links, by channel. Every poll of every page gets the same link until it is used or half
 * of its life is over: its random part is derived from its id under a key of the server, so that a hash is all that is
 * stored.
 */
export async function bannerLinkUrls(
  context: ApiContext,
  tx: Transaction,
  wanted: Wanted,
): Promise<Map<string, string>> {
  const urls = await openUrls(context, tx, wanted);
  // In the order in which others lock channels: two requests never wait for each other.
  for (const { id } of wanted.channels.toSorted((one, other) => (one.id < other.id ? -1 : 1))) {
    if (!urls.has(id)) urls.set(id, await makeOnce(context, tx, id, wanted));
  }
  return urls;
}

async function openUrls(context: ApiContext, tx: Transaction, wanted: Wanted): Promise<Map<string, string>> {
  const { channels, origin, now } = wanted;
  const until = new Date(now.getTime() + LEAST_LIFE_MS);
  const rows = await listBannerLinks(tx, { channelIds: channels.map(({ id }) => id), origin, until });
  const urls = new Map<string, string>();
  for (const { id, hash, channelId } of rows) {
    const secret = secretOf(context, id);
    // A link from before a change of the vault's keys has another random part, which is not known any more.
    if (channelId !== null && sha256(secret) === hash && !urls.has(channelId)) {
      urls.set(channelId, linkUrl(context, secret));
    }
  }
  return urls;
}

/** Of two polls at once, the second finds the link of the first: the channel's row is locked. */
async function makeOnce(context: ApiContext, tx: Transaction, channelId: string, wanted: Wanted): Promise<string> {
  const row = await lockChannel(tx, channelId);
  if (!row) throw new Error('A channel went while its row was read; expected the transaction to keep it');
  const made = (await openUrls(context, tx, { ...wanted, channels: [row] })).get(channelId);
  if (made !== undefined) return made;
  const id = newId('lnk');
  const { url } = await createLink(
    context,
    tx,
    {
      tenantId: row.tenantId,
      purpose: 'reauthorize',
      channelId,
      spec: reauthorizeSpec(row),
      returnTo: null,
      origin: wanted.origin,
      forBanner: { id, secret: secretOf(context, id) },
    },
    wanted.now,
  );
  return url;
}

/** 256 bits, as those of every other link. */
const secretOf = ({ vault }: ApiContext, linkId: string): string =>
  vault.keyedHash(linkId, LABEL).split(':').at(-1) ?? '';
