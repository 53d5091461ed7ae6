import type { Request } from 'express';
import { lockLink } from '../../db/access/links.ts';
import { normalAddress } from '../../domain/address.ts';
import { LEFT, isHelpedBySignIn, isOneOf } from '../../domain/channel.ts';
import { planNewLink } from '../../notifications/plan-new-link.ts';
import { wakeRecipients } from '../../notifications/wake-recipients.ts';
import type { ApiContext } from '../api-context.ts';
import { requireLeft } from '../auth/limit.ts';
import { clientNetwork } from '../http/client-address.ts';
import { Problem } from '../http/problem.ts';
import { openLink } from './open-link.ts';
import type { OpenLink } from './open-link.ts';

/**
 * Mails a new link in place of an expired one, or of a used one whose channel broke again, to the person that the old one
 * was for. The caller learns nothing of it: the holder of an old link may be anyone. Throws 429.
 */
export async function renewLink(context: ApiContext, address: string, request: Request): Promise<void> {
  const { renewals } = context.limits;
  requireLeft(
    renewals,
    clientNetwork(request),
    `This address asked for more than ${renewals.uses} links in ten minutes`,
  );
  const opened = await openLink(context, address, request).catch(nullIfUnknown);
  if (opened) await planIfOver(context, opened);
}

function nullIfUnknown(error: unknown): null {
  if (error instanceof Problem && error.code === 'not_found') return null;
  throw error;
}

/** The time after its expiry in which a link is renewed, in ms: its holder was trusted with it once, not for good. */
const RENEWABLE_MS = 30 * 86_400_000;

async function planIfOver(context: ApiContext, opened: OpenLink): Promise<void> {
  const { link, channel } = opened;
  const now = await context.clock.now();
  if (!isRenewable(opened, now) || !isStillToTell(opened)) return;
  const recipient = link.recipient ?? (channel ? channel.owner : link.spec.owner)?.email ?? null;
  // A new link of a mail, or after a sign-in, belongs to the incident that goes on now; the product's own to none.
  const isOfIncident = link.incidentId !== null || link.usedAt !== null;
  const incidentId = isOfIncident ? (channel?.incidentId ?? null) : null;
  if (recipient === null || (isOfIncident && incidentId === null)) return;
  const planned = await context.database.inTenant(link.tenantId, async (tx) => {
    const locked = await lockLink(tx, link.id);
    const told = { recipient: normalAddress(recipient), now };
    return locked ? planNewLink(tx, { link: { ...locked, incidentId }, ...told }) : [];
  });
  await wakeRecipients(context, planned);
}

/**
 * A used link is renewed at any age, but only while its channel needs a sign-in, for which the person is mailed anyway. No link
 * is renewed where none helps, as at a blocked account.
 */
function isRenewable({ channel, end }: OpenLink, now: Date): boolean {
  if (channel && isOneOf(LEFT, channel.status)) return false;
  if (end.done) return channel?.status === 'reauth_required';
  if (channel && !isHelpedBySignIn(channel)) return false;
  return end.expiresAt <= now && now.getTime() - end.expiresAt.getTime() <= RENEWABLE_MS;
}

/** A former owner or admin is mailed no new link in place of an old one. */
function isStillToTell({ link: { recipient, spec }, channel, policy }: OpenLink): boolean {
  const people = [channel ? channel.owner : spec.owner, ...policy.admins];
  return recipient === null || people.some((one) => one && normalAddress(one.email) === normalAddress(recipient));
}
