import type { ChannelRow } from '../db/channels/channels.ts';
import type { Transaction } from '../db/client.ts';
import { newId } from '../db/ids.ts';
import { findUnreachable } from '../db/notices/addresses.ts';
import type { Person, TenantPolicy } from '../db/schema/tenants.ts';
import type { NoticeKind } from '../domain/notices/notice.ts';
import { whoIsTold } from '../domain/notices/who-is-told.ts';
import type { Audience } from '../domain/notices/who-is-told.ts';
import { recipientIdOf } from './recipient-id.ts';

/** The step of an incident that is told of; the same for every person, and once for each (rule 11). */
export interface Step {
  occasion: string;
  kind: NoticeKind;
  adminsJoin?: boolean;
  adminsAlone?: boolean;
  /** When it may be sent; at once without. */
  dueAt?: Date;
}

/** The incident for which the operator looks at the mails first, and until when. */
type Hold = { id: string; until: Date } | null;

/** The people of a channel who are told, and those who are not, with the reason. */
export async function audienceOf(
  tx: Transaction,
  { id: channelId, tenantId, kind: channelKind, owner, status }: ChannelRow,
  { admins, notify }: TenantPolicy,
  adminsJoin: boolean,
): Promise<Audience<Person>> {
  const addresses = [...(owner ? [owner] : []), ...admins].map(({ email }) => email);
  const unreachable = await findUnreachable(tx, { tenantId, channelId, addresses });
  const asks = status === 'blocked' ? 'admin' : 'person';
  return whoIsTold({ channelKind, owner, admins, notify, unreachable }, { asks, adminsJoin });
}

/** The notices of a step: queued for those who are told, and the reason for the others. */
export function rowsOf(
  { id: channelId, tenantId, incidentId }: ChannelRow,
  { occasion, kind, dueAt }: Step,
  { people, hold, now }: { people: Audience<Person>; hold: Hold; now: Date },
) {
  const about = { tenantId, channelId, incidentId, kind, occasion, dueAt: dueAt ?? now, createdAt: now, at: now };
  const held = { heldBy: hold?.id ?? null, heldUntil: hold?.until ?? null };
  const row = (person: Person | null) => ({
    ...about,
    id: newId('ntc'),
    recipient: person?.email ?? null,
    recipientId: recipientIdOf(tenantId, person?.email ?? null),
  });
  return [
    ...people.told.map(({ person, why }) => ({ ...row(person), ...held, why, state: 'queued' as const })),
    ...people.notTold.map(({ person, why, error }) => ({
      ...row(person),
      why,
      state: 'suppressed' as const,
      error,
    })),
  ];
}
