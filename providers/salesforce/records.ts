import type { z } from 'zod';
import { ProviderError } from '../../domain/verdict.ts';
import type { ListedItem } from '../contract.ts';
import type { ImportedObject, SalesforceClient, Timed } from './client.ts';
import { listedPage, loggedMails } from './schema.ts';
import type { ListedRecord } from './schema.ts';

const FIELDS: Record<ImportedObject, string> = {
  EmailMessage: 'Id, SystemModstamp, CreatedDate, LastModifiedDate, MessageDate, Status',
  Task: 'Id, SystemModstamp, CreatedDate, LastModifiedDate, TaskSubtype',
};
/** A mail that is not sent. */
export const DRAFT = '5';
/** Salesforce's largest page. */
export const MOST_RECORDS = 2_000;
/** Ids in one query: the address of a call may have 16 KB. */
const MOST_IDS = 200;

/** The last record of the page before. */
export interface Place {
  stamp: string;
  id: string;
}

/** Instants in SOQL stand without quotes. */
export const soqlTime = (at: Date) => at.toISOString();

/** Records that meet `where`, behind a place, in the order of their stamps. `more`: others follow the last one. */
export async function listRecords(
  client: SalesforceClient,
  object: ImportedObject,
  { where, after, most }: { where: string; after: Place | null; most: number },
): Promise<Timed<{ records: ListedRecord[]; more: boolean }>> {
  const behind =
    after === null
      ? ''
      : ` AND (SystemModstamp > ${after.stamp} OR (SystemModstamp = ${after.stamp} AND Id > '${after.id}'))`;
  const soql = `SELECT ${FIELDS[object]} FROM ${object} WHERE ${where}${behind} ORDER BY SystemModstamp, Id LIMIT ${most}`;
  let page = await client.query(listedPage, soql);
  const { at } = page;
  // A page without a record has no place to continue from.
  while (page.records.length === 0 && !page.done) page = await client.more(listedPage, page.nextRecordsUrl ?? '');
  return { records: page.records, more: !page.done || page.records.length >= most, at };
}

export const placeOf = ({ SystemModstamp, Id }: ListedRecord): Place => ({ stamp: soqlTime(SystemModstamp), id: Id });

export const secondOf = ({ SystemModstamp }: Pick<ListedRecord, 'SystemModstamp'>) =>
  Math.floor(SystemModstamp.getTime() / 1000);

/**
 * Whether the second of a stamp was over at an instant that lies before the listing. A task may change once more in its second,
 * with the same stamp, and is listed after it.
 */
export const isSettled = (record: ListedRecord, at: Date) => secondOf(record) < Math.floor(at.getTime() / 1000);

/** A mail never changes; each state of a task is an item of its own. */
export function itemOf(object: ImportedObject, record: ListedRecord): ListedItem {
  const providerId = object === 'Task' ? `${record.Id}@${secondOf(record)}` : record.Id;
  return { providerId, generation: '' };
}

/**
 * When a mail came: it was filed later than it was sent, or sent later than it was drafted. Its sender may date it into the
 * future; no mail comes after its record was last written.
 */
export function arrivalOf({ CreatedDate, MessageDate, SystemModstamp }: Dates): Date {
  const sentAt = MessageDate && MessageDate > SystemModstamp ? SystemModstamp : MessageDate;
  return sentAt && sentAt > CreatedDate ? sentAt : CreatedDate;
}
type Dates = Pick<ListedRecord, 'CreatedDate' | 'MessageDate' | 'SystemModstamp'>;

/**
 * Those of the records that are imported: no drafts, and no task that only logs a mail, which is imported itself. Such a task
 * names its mail nowhere, the mail names it.
 */
export async function imported(
  client: SalesforceClient,
  object: ImportedObject,
  records: ListedRecord[],
): Promise<ListedRecord[]> {
  if (object === 'EmailMessage') return records.filter(({ Status }) => Status !== DRAFT);
  const suspects = records.filter(({ TaskSubtype }) => TaskSubtype === 'Email').map(({ Id }) => Id);
  const logs = new Set<string>();
  for (const id of await mailsOfTasks(client, suspects)) logs.add(id.slice(0, 15));
  return records.filter(({ Id }) => !logs.has(Id.slice(0, 15)));
}

async function mailsOfTasks(client: SalesforceClient, ids: string[]): Promise<string[]> {
  try {
    const mails = await readWithIds(
      client,
      loggedMails,
      (quoted) => `SELECT ActivityId FROM EmailMessage WHERE ActivityId IN (${quoted})`,
      ids,
    );
    return mails.flatMap(({ ActivityId }) => ActivityId ?? []);
  } catch (error) {
    // An organization without this object files mails as tasks alone.
    if (error instanceof ProviderError && error.verdict.providerCode === 'INVALID_TYPE') return [];
    throw error;
  }
}

interface RowPage<Row> {
  records: Row[];
  done: boolean;
  nextRecordsUrl?: string | undefined;
}

/** All rows of a query about ids, in as many queries as they need. */
export async function readWithIds<Row>(
  client: SalesforceClient,
  shape: z.ZodType<RowPage<Row>>,
  soqlOf: (quotedIds: string) => string,
  ids: readonly string[],
): Promise<Row[]> {
  const rows: Row[] = [];
  for (let at = 0; at < ids.length; at += MOST_IDS) {
    const quoted = ids.slice(at, at + MOST_IDS).map((id) => `'${id}'`);
    let page = await client.query(shape, soqlOf(quoted.join(', ')));
    rows.push(...page.records);
    while (!page.done) {
      page = await client.more(shape, page.nextRecordsUrl ?? '');
      rows.push(...page.records);
    }
  }
  return rows;
}
