import type { HttpAnswer } from '../../http-answer.ts';
import { json, restError } from '../answers.ts';
import type { RecordRow } from '../rows.ts';
import { dateTime } from './objects.ts';
import type { RestRequest } from './request.ts';

const MINUTE_MS = 60_000;
const MOST_DAYS_MS = 30 * 24 * 3_600_000;
const MOST_IDS = 600_000;

interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * The records that changed, or were deleted, in a range of time. Seconds do not count: both ends are taken to their minute.
 * https://developer.salesforce.com/docs/platform/api-rest/guide/resources-getupdated.html
 */
export function answerReplication(
  request: RestRequest,
  object: 'EmailMessage' | 'Task',
  what: 'updated' | 'deleted',
): HttpAnswer {
  const range = rangeOf(request);
  if ('status' in range) return range;
  const { store, account } = request;
  const isWithin = (at: number): boolean => at >= range.start && at < range.end;
  const rows = store.records(account.org, object);
  const latestDateCovered = dateTime(Math.min(range.end, store.coveredUntil(account.org, object)));
  if (what === 'updated') {
    const ids = rows.filter(({ stamp, deleted_at }) => deleted_at === null && isWithin(stamp)).map(({ id }) => id);
    return ids.length > MOST_IDS || hasTooMany(request, range)
      ? restError.tooManyIds()
      : json(200, { ids, latestDateCovered });
  }
  const deletedRecords = rows
    .filter((row): row is RecordRow & { deleted_at: number } => row.deleted_at !== null && isWithin(row.deleted_at))
    .map(({ id, deleted_at }) => ({ id, deletedDate: dateTime(deleted_at) }));
  return json(200, { deletedRecords, earliestDateAvailable: dateTime(store.now() - MOST_DAYS_MS), latestDateCovered });
}

/** As after a mass update: a few minutes alone have as few changes as can be listed. */
const hasTooMany = ({ faults }: RestRequest, { start, end }: Range): boolean =>
  faults.has('too_many_ids') && end - start > 5 * MINUTE_MS;

function rangeOf({ store, account, query }: RestRequest): Range | HttpAnswer {
  const [start, end] = [instantOf(query.get('start')), instantOf(query.get('end'))];
  if (start === null || end === null)
    return restError.replicationDate('start and end are required, as ISO 8601 with a zone');
  const oldest = store.now() - MOST_DAYS_MS;
  if (start < Math.floor(oldest / MINUTE_MS) * MINUTE_MS) {
    return restError.replicationDate('startDate cannot be more than 30 days ago');
  }
  if (start < account.replicated_from) {
    return restError.replicationDate('startDate before org replication enabled date');
  }
  return start < end
    ? { start, end }
    : restError.replicationDate('startDate must be at least one minute before endDate');
}

/** To the minute; null: no instant. */
function instantOf(text: string | null): number | null {
  // A plus that was not encoded comes as a space.
  const ms = Date.parse((text ?? '').replace(' ', '+').replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  return Number.isNaN(ms) ? null : Math.floor(ms / MINUTE_MS) * MINUTE_MS;
}
