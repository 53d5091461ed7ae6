import { countPasswordAttempt, lockLink } from '../../db/access/links.ts';
import type { LinkRow } from '../../db/access/links.ts';
import { deleteSignInsUpTo, findNthNewestSignIn, insertSignIn } from '../../db/access/sign-ins.ts';
import type { NewSignIn } from '../../db/access/sign-ins.ts';
import type { ApiContext } from '../api-context.ts';
import { requireLeft } from '../auth/limit.ts';
import { Problem } from '../http/problem.ts';

/** Attempts in the whole life of a link, counted in its row, across restarts and servers (S-51). */
const ATTEMPTS_OF_A_LINK = 50;
/** Trips to a provider's page that a link can have under way in ten minutes, the life of one, across servers. */
const TRIPS = 20;
const TRIPS_WITHIN_MS = 10 * 60_000;

/** Counts a password at a link. Throws 429 when there were too many, recently or in all. */
export async function limitPasswords({ database, limits }: ApiContext, link: LinkRow, now: Date): Promise<void> {
  const { passwords } = limits;
  requireLeft(passwords, link.id, `The link had more than ${passwords.uses} attempts in ten minutes`);
  const counted = await database.inTenant(link.tenantId, (tx) => countPasswordAttempt(tx, link.id, ATTEMPTS_OF_A_LINK));
  if (counted) return;
  throw new Problem('rate_limited', `The link has had ${ATTEMPTS_OF_A_LINK} attempts; make a new one`, {
    retryAfterSeconds: secondsBetween(now, link.expiresAt),
  });
}

/** Counts a trip in this process, so that a flood at one link does not queue for its row. Throws 429. */
export function limitAuthorizations({ limits: { authorizations } }: ApiContext, link: LinkRow): void {
  requireLeft(authorizations, link.id, `The link began more than ${authorizations.uses} sign-ins in ten minutes`);
}

/** Stores a trip. Throws 429 when the link has had too many, at whichever server; keeps no more rows than that. */
export async function storeAuthorization({ database }: ApiContext, trip: NewSignIn): Promise<void> {
  await database.inTenant(trip.tenantId, async (tx) => {
    await lockLink(tx, trip.linkId);
    const oldest = await findNthNewestSignIn(tx, trip.linkId, TRIPS);
    const freeAt = new Date((oldest?.getTime() ?? 0) + TRIPS_WITHIN_MS);
    if (freeAt > trip.createdAt) {
      throw new Problem('rate_limited', `The link began more than ${TRIPS} sign-ins in ten minutes`, {
        retryAfterSeconds: secondsBetween(trip.createdAt, freeAt),
      });
    }
    if (oldest) await deleteSignInsUpTo(tx, trip.linkId, oldest);
    await insertSignIn(tx, trip);
  });
}

const secondsBetween = (from: Date, to: Date) => Math.max(1, Math.ceil((to.getTime() - from.getTime()) / 1_000));
