import { normalAddress } from '../address.ts';
import type { ChannelKind } from '../access-type.ts';
import type { NoticeWhy, Unreachable } from './notice.ts';

type Notify = 'owner' | 'admins' | 'both' | 'none';

/** The people of a channel, and what its tenant's policy says about them. */
export interface People<P> {
  channelKind: ChannelKind;
  owner: P | null;
  admins: readonly P[];
  notify: Readonly<Record<ChannelKind, Notify>>;
  /** Addresses that are told nothing about this channel, in their normal form. */
  unreachable: ReadonlyMap<string, Unreachable>;
}

export interface Audience<P> {
  told: { person: P; why: NoticeWhy }[];
  /** Who is not told although the policy names the person; without a person: the policy names one, and there is none. */
  notTold: { person: P | null; why: NoticeWhy; error: Unreachable | 'no_recipient' }[];
}

type Candidate<P> = { person: P; why: NoticeWhy };

/**
 * Whom a notice goes to. The admins are told in place of an owner who has left, has unsubscribed or is refused by the
 * mail server; the owner in place of admins that a tenant does not have.
 *
 * @param asks an admin, where only an organization's administrator can act
 * @param adminsJoin the owner had the days of the policy, and the admins are told as well
 */
export function whoIsTold<P extends { email: string }>(
  people: People<P>,
  { asks, adminsJoin }: { asks: 'person' | 'admin'; adminsJoin: boolean },
): Audience<P> {
  const notify = people.notify[people.channelKind];
  if (notify === 'none') return { told: [], notTold: [] };
  const errorOf = ({ email }: P) => people.unreachable.get(normalAddress(email));
  const candidates = withoutRepeats(
    asks === 'admin' || notify === 'admins'
      ? adminsOrOwner(people)
      : [...ownersOf(people), ...adminsBeside(people, notify, adminsJoin)],
  );
  const told = candidates.filter(({ person }) => !errorOf(person));
  const notTold = candidates.flatMap(({ person, why }) => {
    const error = errorOf(person);
    return error ? [{ person, why, error }] : [];
  });
  if (told.length > 0 || notTold.length > 0) return { told, notTold };
  return { told, notTold: [{ person: null, why: notify === 'admins' ? 'admin' : 'owner', error: 'no_recipient' }] };
}

const ownersOf = <P>({ owner }: People<P>): Candidate<P>[] => (owner ? [{ person: owner, why: 'owner' }] : []);

function adminsOrOwner<P>(people: People<P>): Candidate<P>[] {
  const admins = people.admins.map((person) => ({ person, why: 'admin' as const }));
  return admins.length > 0 ? admins : ownersOf(people);
}

function adminsBeside<P extends { email: string }>(
  { owner, admins, unreachable }: People<P>,
  notify: Notify,
  adminsJoin: boolean,
): Candidate<P>[] {
  const error = owner && unreachable.get(normalAddress(owner.email));
  const why: NoticeWhy | null =
    notify === 'both'
      ? 'admin'
      : error === 'unsubscribed'
        ? 'owner_unsubscribed'
        : !owner || error
          ? 'owner_left'
          : adminsJoin
            ? 'owner_silent'
            : null;
  return why === null ? [] : admins.map((person) => ({ person, why }));
}

/** A person who is owner and admin is told once. */
function withoutRepeats<P extends { email: string }>(candidates: Candidate<P>[]): Candidate<P>[] {
  const first = new Map<string, Candidate<P>>();
  for (const candidate of candidates) {
    const address = normalAddress(candidate.person.email);
    if (!first.has(address)) first.set(address, candidate);
  }
  return [...first.values()];
}
