import type { Request } from 'express';
import { findLinkByHash } from '../../db/across-tenants/owners.ts';
import { findChannel } from '../../db/channels/channels.ts';
import type { ChannelRow } from '../../db/channels/channels.ts';
import { findLink } from '../../db/access/links.ts';
import type { LinkResult, LinkRow } from '../../db/access/links.ts';
import { findPolicy, findTenant } from '../../db/access/tenants.ts';
import type { TenantPolicy } from '../../db/schema/tenants.ts';
import type { AccessType } from '../../domain/access-type.ts';
import type { ApiContext } from '../api-context.ts';
import { refuseGuess } from '../auth/limit.ts';
import { Problem, notFound } from '../http/problem.ts';
import { sha256 } from '../../crypto/random-secrets.ts';
import { waysTo } from './ways-to.ts';
import { findCredentialState } from '../../db/credentials/credentials.ts';
import { LEFT, isOneOf } from '../../domain/channel.ts';
import type { Movable } from '../../connections/complete-sign-in.ts';
import { readLinkEnd } from '../../connections/link-end.ts';
import type { LinkEnd } from '../../connections/link-end.ts';

/** A link that a person has opened, with what its page needs to know. */
export interface OpenLink {
  link: LinkRow;
  /** The random part of its address; it is the only right that its holder needs. */
  address: string;
  /** The channel it is pinned to, or that came of it. */
  channel: ChannelRow | null;
  policy: TenantPolicy;
  end: LinkEnd;
  /** What the person may choose from. */
  accessTypes: AccessType[];
  /** Other ways to the mailbox of a channel that is to be signed in again, as a second choice. */
  otherAccessTypes: AccessType[];
}

/** Finds a link by its address, also a used one. Throws 404, or 429 where many were named that do not exist. */
export async function openLink(context: ApiContext, address: string, request: Request): Promise<OpenLink> {
  const found = await context.limits.lookups.take(() => findLinkByHash(context.database, sha256(address)));
  if (!found) return refuseGuess(context, request, notFound('link'));
  return reopenLink(context, { ...found, address });
}

/** Finds a link that a sign-in began at. Throws 404. */
export async function reopenLink(
  context: ApiContext,
  { id, tenantId, address }: { id: string; tenantId: string; address: string },
): Promise<OpenLink> {
  return context.database.inTenant(tenantId, async (tx) => {
    const link = await findLink(tx, id);
    const tenant = await findTenant(tx, tenantId);
    if (!link || !tenant || tenant.eraseRequestedAt) throw notFound('link');
    const channel = link.channelId === null ? null : await findChannel(tx, link.channelId);
    const policy = await findPolicy(tx, tenantId);
    const end = await readLinkEnd(tx, link, channel);
    const choices = choicesOf(context, { link, channel, allowed: policy.accessTypes });
    return { link, address, channel, policy, end, ...choices };
  });
}

/**
 * What is configured, the link offers, and the tenant allows. A link to sign in again offers the access that its channel has
 * now, also against the policy: a channel may go on as it is.
 */
function choicesOf(
  context: ApiContext,
  { link, channel, allowed }: { link: LinkRow; channel: ChannelRow | null; allowed: AccessType[] | null },
): Pick<OpenLink, 'accessTypes' | 'otherAccessTypes'> {
  const { purpose, spec } = link;
  const isAllowed = (type: AccessType) => allowed?.includes(type) ?? true;
  if (purpose !== 'reauthorize') {
    const reachable = purpose === 'change_access' && channel ? waysTo(context, channel) : [...context.providers.keys()];
    const offered = reachable.filter((type) => spec.accessTypes?.includes(type) ?? true);
    return { accessTypes: offered.filter(isAllowed), otherAccessTypes: [] };
  }
  const isOwn = (type: AccessType) => type === channel?.accessType;
  const others = channel && !isOneOf(LEFT, channel.status) ? waysTo(context, channel) : [];
  return {
    accessTypes: [...context.providers.keys()].filter(isOwn),
    otherAccessTypes: others.filter((type) => !isOwn(type) && isAllowed(type)),
  };
}

/** Whether the link offers an access type, be it as a second choice. */
export const isOffered = ({ accessTypes, otherAccessTypes }: OpenLink, accessType: AccessType): boolean =>
  accessTypes.includes(accessType) || otherAccessTypes.includes(accessType);

/** The channel whose access a sign-in at the link may change, with its credential; null: it can change none. */
export async function movableBy(
  { database }: ApiContext,
  { link, channel }: OpenLink,
  accessType: AccessType,
): Promise<Movable | null> {
  if (channel === null || link.purpose === 'connect') return null;
  const isItsOwn = link.purpose === 'reauthorize' && accessType === channel.accessType;
  if (isItsOwn && !link.spec.allowServerChange) return null;
  const kept = await database.inTenant(channel.tenantId, (tx) => findCredentialState(tx, channel.id));
  return { channel, kept };
}

/** The mailbox that a sign-in has to open; null: the login's own. */
export const wantedMailbox = ({ link, channel }: OpenLink): string | null => channel?.accountEmail ?? link.spec.mailbox;

/** The same where it may be another login's: a shared channel's. */
export const sharedMailbox = (opened: OpenLink): string | null =>
  (opened.channel?.kind ?? opened.link.spec.kind) === 'shared' ? wantedMailbox(opened) : null;

/** The namespaces whose folders the link asks for beside the mailbox's own. */
export const namespacesOf = ({ spec: { namespaces } }: LinkRow) => (namespaces ? { namespaces } : {});

/** Throws 410 for a link that is over, 403 for an access type it does not offer. */
export function requireUsable(opened: OpenLink, accessType: AccessType, now: Date): void {
  const over = whyOver(opened.end, now);
  if (over) throw new Problem(over.code, over.detail);
  if (isOffered(opened, accessType)) return;
  const accessTypes = [...opened.accessTypes, ...opened.otherAccessTypes];
  throw new Problem(
    'access_type_not_allowed',
    `This link offers ${accessTypes.join(', ') || 'nothing'}, not ${accessType}`,
  );
}

/** Why a link can no longer be used; null when it can. */
export function whyOver(
  { done, result, expiresAt }: LinkEnd,
  now: Date,
): { code: 'link_used' | 'link_expired'; detail: string } | null {
  if (done && isRepaired(result)) {
    return { code: 'link_used', detail: 'The channel works again without this link; nothing has to be done' };
  }
  if (done) return { code: 'link_used', detail: 'The link has been used; a link is good for one sign-in' };
  if (expiresAt > now) return null;
  return { code: 'link_expired', detail: `The link expired at ${expiresAt.toISOString()}` };
}

type Connected = Extract<LinkResult, { status: 'connected' }>;

/** Whether the channel works again without a sign-in at the link. */
export function isRepaired(result: LinkResult | null): result is Connected {
  return result?.status === 'connected' && result.repaired === true;
}
