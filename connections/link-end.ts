import { isRenewedByOther } from '../db/access/links.ts';
import type { LinkResult, LinkRow } from '../db/access/links.ts';
import type { ChannelRow } from '../db/channels/channels.ts';
import { findIncident } from '../db/channels/incidents.ts';
import type { Transaction } from '../db/client.ts';
import { WORKING, isOneOf } from '../domain/channel.ts';

/** The state of a link: open, used, repaired or expired. */
export interface LinkEnd {
  /** Its purpose is served: by a sign-in with it, or by its channel's recovery without it. */
  done: boolean;
  result: LinkResult | null;
  /** The end of a notice's incident, or the link's own. */
  expiresAt: Date;
}

/**
 * Reads what has become of a link. A notice's link ends with its incident, and a link to sign in again when another
 * sign-in renewed the channel after the link was made; `channel` is the one that the link is pinned to.
 */
export async function readLinkEnd(tx: Transaction, link: LinkRow, channel: ChannelRow | null): Promise<LinkEnd> {
  const own = { done: link.usedAt !== null, result: link.result, expiresAt: link.expiresAt };
  if (own.done || channel === null || link.purpose === 'connect') return own;
  const endedAt = await incidentEnd(tx, link);
  if (works(channel) && (endedAt !== null || (await isServedByOther(tx, link, channel)))) {
    return { ...own, done: true, result: { status: 'connected', channel: channel.id, repaired: true } };
  }
  return endedAt !== null && endedAt < own.expiresAt ? { ...own, expiresAt: endedAt } : own;
}

/** A pause may hide that a sign-in is needed. */
const works = ({ status, trouble }: ChannelRow) =>
  isOneOf(WORKING, status) || (status === 'paused' && trouble === null);

/** When the incident of a notice's link closed; null: it is open, or the link is the product's. */
async function incidentEnd(tx: Transaction, { incidentId, createdAt }: LinkRow): Promise<Date | null> {
  if (incidentId === null) return null;
  const incident = await findIncident(tx, incidentId);
  return incident ? incident.closedAt : createdAt;
}

/** A link that moves its channel, by server or by access type, is for more than a renewal. */
async function isServedByOther(tx: Transaction, link: LinkRow, { id: channelId }: ChannelRow): Promise<boolean> {
  if (link.purpose !== 'reauthorize' || link.spec.allowServerChange) return false;
  return isRenewedByOther(tx, { ...link, channelId });
}
