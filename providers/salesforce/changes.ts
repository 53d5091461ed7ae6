import { verdict } from '../../domain/verdict-builders.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { parseJson } from '../answers/text.ts';
import type { ChangePage, ScopeHead, ScopeReference } from '../contract.ts';
import type { ImportedObject, SalesforceClient } from './client.ts';
import { arrivalOf, imported, isSettled, itemOf, listRecords, MOST_RECORDS } from './records.ts';
import { placeOf, secondOf, soqlTime } from './records.ts';
import { isHidden, objectOf } from './part-refusal.ts';
import { cursor as cursorSchema } from './schema.ts';
import type { Cursor, ListedRecord } from './schema.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 1_440 * MINUTE_MS;
/** Records are committed later than they are stamped: each listing reaches back by this. */
const OVERLAP_MS = 15 * MINUTE_MS;
/** Salesforce replicates the last 30 days; after 29 the window takes over. */
const REPLICATED_MS = 29 * DAY_MS;
/** What a cursor remembers of its overlap. */
const MOST_SEEN = 2_000;

/** The cursor of an object as of now. Records of the overlap count as listed. */
export async function headOf(client: SalesforceClient, part: ScopeReference): Promise<ScopeHead> {
  const object = objectOf(part);
  const askedAt = await client.now();
  const told = await unlessExpired(updatedSince(client, object, new Date(askedAt.getTime() - OVERLAP_MS)));
  // An organization that replicates since a moment ago has nothing before it.
  const latestDateCovered = told?.latestDateCovered ?? askedAt;
  const since = startOf(latestDateCovered, askedAt);
  const seen: string[] = [];
  for (let after: ReturnType<typeof placeOf> | null = null; ;) {
    const where = `SystemModstamp >= ${soqlTime(since)}`;
    const { records, more, at } = await listRecords(client, object, { where, after, most: MOST_RECORDS });
    // A task of the running second may change once more: it is listed again when the second is over.
    seen.push(...records.filter((record) => object !== 'Task' || isSettled(record, askedAt)).map(nameOf));
    const last = records.at(-1);
    if (last && more) after = placeOf(last);
    // The head is as of its last page. A record that an open transaction commits before that page's place is not among its
    // names: the next listing brings it.
    else return { ...part, cursor: format(remembered(seen, { start: since, coveredUntil: latestDateCovered })), at };
  }
}

/** Whether any object has records that its cursor has not seen; an expired cursor tells nothing, and its listing says so. */
export async function changedSince(
  client: SalesforceClient,
  cursors: ReadonlyMap<string, string>,
): Promise<{ changed: boolean; at: Date | null }> {
  const now = await client.now();
  let coveredUntil = now;
  for (const [scope, text] of cursors) {
    const from = understood(text);
    if (from === null) return { changed: true, at: null };
    const since = new Date(from.since);
    // A cursor that rests for ever would leave the time that Salesforce replicates.
    if (from.listing || now.getTime() - since.getTime() > DAY_MS) return { changed: true, at: null };
    const quietUntil = await findQuiet(client, objectOf({ scope }), from);
    if (quietUntil === null) return { changed: true, at: null };
    coveredUntil = new Date(Math.min(coveredUntil.getTime(), quietUntil.getTime()));
  }
  return { changed: false, at: coveredUntil };
}

/** Until when nothing of an object has changed; null: it has, or its listing says why that cannot be told. */
async function findQuiet(client: SalesforceClient, object: ImportedObject, from: Cursor): Promise<Date | null> {
  try {
    const { ids, latestDateCovered } = await updatedSince(client, object, new Date(from.since));
    return (await hasUnseen(client, object, from, ids)) ? null : latestDateCovered;
  } catch (error) {
    if (isExpired(error) || isHidden(error)) return null;
    throw error;
  }
}

async function hasUnseen(
  client: SalesforceClient,
  object: ImportedObject,
  { since, seen }: Cursor,
  ids: string[] | null,
): Promise<boolean> {
  if (ids === null || ids.length > seen.length) return true;
  if (ids.length === 0) return false;
  const known = new Set(seen);
  const where = `SystemModstamp >= ${since}`;
  const { records, more } = await listRecords(client, object, { where, after: null, most: MOST_RECORDS });
  return more || records.some((record) => !known.has(nameOf(record)));
}

/**
 * One page of an object's changes. Salesforce tells whether there are any, and until when no transaction is open
 * (`getUpdated`); the records come in the order of their stamps. The next cursor starts there, less an overlap.
 */
export async function listChanges(
  client: SalesforceClient,
  part: ScopeReference,
  text: string,
  limit: number,
): Promise<ChangePage> {
  const object = objectOf(part);
  const from = read(text);
  const { coveredUntil, isQuiet } = from.listing
    ? { coveredUntil: new Date(from.listing.coveredUntil), isQuiet: false }
    : await begin(client, object, from);
  if (isQuiet) return lastPage(from, { coveredUntil, at: await client.now(), taken: [] });
  const known = new Set(from.seen);
  const most = Math.min(limit + known.size, MOST_RECORDS);
  const where = `SystemModstamp >= ${from.since}`;
  const askedAt = await client.now();
  const page = await listRecords(client, object, { where, after: from.listing?.after ?? null, most });
  const settled = object === 'Task' ? page.records.filter((record) => isSettled(record, askedAt)) : page.records;
  const { taken, unseen } = firstUnseen(settled, known, limit);
  const items = (await imported(client, object, unseen))
    .filter((record) => object === 'Task' || !isOldNews(record, new Date(from.since)))
    .map((record) => itemOf(object, record));
  const isLast = taken.length === settled.length && (!page.more || settled.length < page.records.length);
  if (isLast || taken.length === 0) return { ...lastPage(from, { coveredUntil, at: page.at, taken }), items };
  return { items, cursor: continued(from, { coveredUntil, askedAt, taken }), more: true, at: page.at };
}

/** The cursor of the next page. A record may still come into the running second, with any id: the next page reads it again. */
function continued(
  from: Cursor,
  { coveredUntil, askedAt, taken }: { coveredUntil: Date; askedAt: Date; taken: ListedRecord[] },
): string {
  const { since, listing } = from;
  const last = taken.findLast((record) => isSettled(record, askedAt));
  const after = last ? placeOf(last) : (listing?.after ?? null);
  const names = [...from.seen, ...taken.map(nameOf)];
  const next = nextStart(names, { start: earliestStart(from, coveredUntil, askedAt), coveredUntil });
  // What is known behind the place is read again, and listed once.
  const readFrom = Date.parse(after?.stamp ?? since);
  const seen = namesFrom(names, Math.min(next.getTime(), readFrom));
  return format({
    since,
    seen,
    listing: { coveredUntil: coveredUntil.toISOString(), next: next.toISOString(), after },
  });
}

/** Until when Salesforce covers what it lists, and whether it says that nothing has changed. */
async function begin(client: SalesforceClient, object: ImportedObject, from: Cursor) {
  const { ids, latestDateCovered } = await updatedSince(client, object, new Date(from.since));
  return { coveredUntil: latestDateCovered, isQuiet: ids?.length === 0 };
}

/** The listing is at its end: everything stamped before the next start is listed, and `seen` of what is stamped later. */
function lastPage(
  from: Cursor,
  { coveredUntil, at, taken }: { coveredUntil: Date; at: Date; taken: ListedRecord[] },
): ChangePage {
  const start = earliestStart(from, coveredUntil, at);
  const cursor = remembered([...from.seen, ...taken.map(nameOf)], { start, coveredUntil });
  return { items: [], cursor: format(cursor), more: false, at };
}

/** Where the next listing starts, or later: no start goes back behind one that has forgotten what came before it. */
const earliestStart = ({ since, listing }: Cursor, coveredUntil: Date, at: Date) =>
  new Date(Math.max(Date.parse(listing?.next ?? since), startOf(coveredUntil, at).getTime()));

const startOf = (coveredUntil: Date, at: Date) =>
  new Date(Math.floor((Math.min(coveredUntil.getTime(), at.getTime()) - OVERLAP_MS) / 1000) * 1000);

/** A mail from before the last listing that was changed since, such as one that was read: no mail has come. */
function isOldNews(record: ListedRecord, since: Date): boolean {
  return arrivalOf(record).getTime() < since.getTime() - OVERLAP_MS && record.LastModifiedDate > record.CreatedDate;
}

function firstUnseen(records: ListedRecord[], known: ReadonlySet<string>, limit: number) {
  const taken: ListedRecord[] = [];
  const unseen: ListedRecord[] = [];
  for (const record of records) {
    if (!known.has(nameOf(record))) {
      if (unseen.length === limit) break;
      unseen.push(record);
    }
    taken.push(record);
  }
  return { taken, unseen };
}

/** One state of a record. */
const nameOf = (record: ListedRecord) => `${record.Id}@${secondOf(record)}`;

const secondOfName = (name: string) => Number(name.slice(name.indexOf('@') + 1));

/** A start and the names from there on. */
function remembered(names: string[], { start, coveredUntil }: { start: Date; coveredUntil: Date }) {
  const since = nextStart(names, { start, coveredUntil });
  return { since: since.toISOString(), seen: namesFrom(names, since.getTime()) };
}

/**
 * Where the names from `start` on are too many, the overlap shrinks; yet never into the time that Salesforce does not cover,
 * where an open transaction commits records that are stamped already.
 */
function nextStart(names: string[], { start, coveredUntil }: { start: Date; coveredUntil: Date }): Date {
  const seconds = namesFrom(names, start.getTime()).map(secondOfName);
  const tooMany = seconds.sort((one, other) => other - one)[MOST_SEEN];
  if (tooMany === undefined) return start;
  const shrunk = Math.min(tooMany + 1, Math.floor(coveredUntil.getTime() / 1000)) * 1000;
  return new Date(Math.max(start.getTime(), shrunk));
}

const namesFrom = (names: string[], fromMs: number) =>
  [...new Set(names)].filter((name) => secondOfName(name) >= Math.floor(fromMs / 1000));

/** The records that changed since; `ids` null: more than Salesforce lists. */
async function updatedSince(
  client: SalesforceClient,
  object: ImportedObject,
  since: Date,
): Promise<{ ids: string[] | null; latestDateCovered: Date }> {
  const now = await client.now();
  if (now.getTime() - since.getTime() > REPLICATED_MS) {
    throw new ProviderError('the cursor is older than what Salesforce replicates', verdict('cursor_expired', null));
  }
  // Its own minute is covered too.
  const to = new Date(now.getTime() + MINUTE_MS);
  try {
    return await client.updated(object, { from: since, to });
  } catch (error) {
    if (!hasTooMany(error)) throw error;
    return { ids: null, latestDateCovered: await coveredNow(client, object, now) };
  }
}

/** More ids in a minute than Salesforce lists leave open until when it covers them: the overlap doubles. */
async function coveredNow(client: SalesforceClient, object: ImportedObject, now: Date): Promise<Date> {
  const [from, to] = [new Date(now.getTime() - MINUTE_MS), new Date(now.getTime() + MINUTE_MS)];
  try {
    return (await client.updated(object, { from, to })).latestDateCovered;
  } catch (error) {
    if (!hasTooMany(error)) throw error;
    return new Date(now.getTime() - OVERLAP_MS);
  }
}

const hasTooMany = (error: unknown) =>
  error instanceof ProviderError && error.verdict.providerCode === 'EXCEEDED_ID_LIMIT';

const format = (cursor: Cursor) => JSON.stringify(cursor);

function understood(text: string): Cursor | null {
  const parsed = cursorSchema.safeParse(parseJson(text));
  return parsed.success ? parsed.data : null;
}

/** null: Salesforce does not replicate from there. */
const unlessExpired = <T>(asking: Promise<T>): Promise<T | null> =>
  asking.catch((error: unknown) => {
    if (isExpired(error)) return null;
    throw error;
  });

const isExpired = (error: unknown) => error instanceof ProviderError && error.verdict.kind === 'cursor_expired';

function read(text: string): Cursor {
  const cursor = understood(text);
  if (cursor !== null) return cursor;
  throw new ProviderError('the cursor is not one of Salesforce', verdict('cursor_expired', null));
}
