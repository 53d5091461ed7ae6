import { parseJson } from '../answers/text.ts';
import type { ScopeReference, TimeWindow, WindowPage } from '../contract.ts';
import { objectOf } from './changes.ts';
import type { SalesforceClient } from './client.ts';
import { arrivalOf, imported, itemOf, listRecords, MOST_RECORDS, placeOf, soqlTime } from './records.ts';
import { listedPage, windowPosition } from './schema.ts';

/**
 * One page of an object's records of a window, in the order of their stamps: tasks by their last change, mails by their
 * arrival. No record is stamped before it was made, so the stamp, which has an index, bounds the search for mails too.
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
  const within = (field: string) => `(${field} >= ${start} AND ${field} <= ${end})`;
  const where =
    object === 'Task'
      ? within('SystemModstamp')
      : `SystemModstamp >= ${start} AND (${within('CreatedDate')} OR ${within('MessageDate')})`;
  const after = position === null ? null : windowPosition.parse(parseJson(position));
  const most = Math.min(limit, MOST_RECORDS);
  const { records } = await listRecords(client, object, { where, after, most });
  const dated = records.filter((record) => {
    const arrival = arrivalOf(record);
    return object === 'Task' || (arrival >= from && arrival <= to);
  });
  const items = (await imported(client, object, dated)).map((record) => itemOf(object, record));
  const last = records.at(-1);
  const more = last && records.length === most ? JSON.stringify(placeOf(last)) : null;
  return { items, position: more, estimate: null };
}

/** When the newest mail came or the last task changed; null: there is none. */
export async function readNewestDate(client: SalesforceClient): Promise<Date | null> {
  const fields = 'Id, SystemModstamp, CreatedDate, LastModifiedDate';
  const mail = `SELECT ${fields}, MessageDate FROM EmailMessage ORDER BY CreatedDate DESC LIMIT 1`;
  const task = `SELECT ${fields} FROM Task ORDER BY SystemModstamp DESC LIMIT 1`;
  const [newestMail] = (await client.query(listedPage, mail, 'api')).records;
  const [newestTask] = (await client.query(listedPage, task, 'api')).records;
  const dates = [...(newestMail ? [arrivalOf(newestMail)] : []), ...(newestTask ? [newestTask.SystemModstamp] : [])];
  return dates.length === 0 ? null : new Date(Math.max(...dates.map((date) => date.getTime())));
}
