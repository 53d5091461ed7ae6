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
    return { link, address, channel, policy, end, accessTypes: choicesOf(context, link, policy.accessTypes) };
  });
}

/** What is configured, the link offers, and the tenant allows; who has a channel may keep it going as it is. */
function choicesOf({ providers }: ApiContext, link: LinkRow, allowed: AccessType[] | null): AccessType[] {
  const offered = [...providers.keys()].filter((type) => link.spec.accessTypes?.includes(type) ?? true);
  return link.purpose === 'reauthorize' ? offered : offered.filter((type) => allowed?.includes(type) ?? true);
}

/** The mailbox that a sign-in has to open; null: the login's own. */
export const wantedMailbox = ({ link, channel }: OpenLink): string | null => channel?.accountEmail ?? link.spec.mailbox;

/** The same where it may be another login's: a shared channel's. */
export const sharedMailbox = (opened: OpenLink): string | null =>
  (opened.channel?.kind ?? opened.link.spec.kind) === 'shared' ? wantedMailbox(opened) : null;

/** The namespaces whose folders the link asks for beside the mailbox's own. */
export const namespacesOf = ({ spec: { namespaces } }: LinkRow) => (namespaces ? { namespaces } : {});

/** Throws 410 for a link that is over, 403 for an access type it does not offer. */
export function requireUsable({ end, accessTypes }: OpenLink, accessType: AccessType, now: Date): void {
  const over = whyOver(end, now);
  if (over) throw new Problem(over.code, over.detail);
  if (accessTypes.includes(accessType)) return;
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
