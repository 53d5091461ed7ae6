import { parseJson } from '../answers/text.ts';
import type { ScopeReference, TimeWindow, WindowPage } from '../contract.ts';
import type { SalesforceClient } from './client.ts';
import { isHidden, objectOf } from './part-refusal.ts';
import { arrivalOf, imported, isSettled, itemOf, listRecords, MOST_RECORDS, placeOf, soqlTime } from './records.ts';
import { listedPage, windowPosition } from './schema.ts';
import type { ListedRecord } from './schema.ts';

/**
 * One page of an object's records of a window, in the order of their stamps: tasks by their last change, mails by their
 * arrival. No record is stamped before it was made, so the stamp, which has an index, bounds the search for mails too. A task
 * of the running second is left to the listing of changes.
 */
export async function listWindow(
  client: SalesforceClient,
  part: ScopeReference,
  { from, to }: TimeWindow,
  position: string | null,
  limit: number,
): Promise<WindowPage> {
  const object = objectOf(part);
  const [start, end] = [soqlTime(from), soqlTime(to)];
  const where =
    object === 'Task'
      ? `SystemModstamp >= ${start} AND SystemModstamp <= ${end}`
      : `SystemModstamp >= ${start} AND CreatedDate <= ${end} AND (CreatedDate >= ${start} OR MessageDate >= ${start})`;
  const after = position === null ? null : windowPosition.parse(parseJson(position));
  const most = Math.min(limit, MOST_RECORDS);
  const askedAt = await client.now();
  const { records, more } = await listRecords(client, object, { where, after, most });
  const settled = object === 'Task' ? records.filter((record) => isSettled(record, askedAt)) : records;
  const dated = settled.filter((record) => {
    const arrival = arrivalOf(record);
    return object === 'Task' || (arrival >= from && arrival <= to);
  });
  const items = (await imported(client, object, dated)).map((record) => itemOf(object, record));
  const last = settled.at(-1);
  // Behind a record of the running second there is none of another.
  const continues = last !== undefined && more && settled.length === records.length;
  return { items, position: continues ? JSON.stringify(placeOf(last)) : null, estimate: null };
}

/** When the newest mail came or the last task changed; null: there is none. */
export async function readNewestDate(client: SalesforceClient): Promise<Date | null> {
  const fields = 'Id, SystemModstamp, CreatedDate, LastModifiedDate';
  const mail = `SELECT ${fields}, MessageDate FROM EmailMessage ORDER BY CreatedDate DESC LIMIT 1`;
  const task = `SELECT ${fields} FROM Task ORDER BY SystemModstamp DESC LIMIT 1`;
  const newestMail = await readFirst(client, mail);
  const newestTask = await readFirst(client, task);
  const dates = [...(newestMail ? [arrivalOf(newestMail)] : []), ...(newestTask ? [newestTask.SystemModstamp] : [])];
  return dates.length === 0 ? null : new Date(Math.max(...dates.map((date) => date.getTime())));
}

/** A hidden object has nothing that is newer: its head says that it is refused. */
async function readFirst(client: SalesforceClient, soql: string): Promise<ListedRecord | null> {
  try {
    return (await client.query(listedPage, soql, 'api')).records[0] ?? null;
  } catch (error) {
    if (isHidden(error)) return null;
    throw error;
  }
}
