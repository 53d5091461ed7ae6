import type { HttpAnswer } from '../../http-answer.ts';
import { json, restError } from '../answers.ts';
import type { SObject } from './objects.ts';
import { isHidden, OBJECTS, recordsOf } from './objects.ts';
import type { Shown } from './locators.ts';
import type { RestRequest } from './request.ts';
import { fieldNamed, NoSuchField, select } from './select.ts';
import type { Query } from './soql.ts';
import { MalformedQuery, parseSoql } from './soql.ts';

/** The largest page, and the usual one. */
const PAGE_ITEMS = 2_000;

/** `query`, and `queryAll` with the deleted records. */
export function answerQuery(request: RestRequest, soql: string, withDeleted: boolean): HttpAnswer {
  const { store, account, locators } = request;
  try {
    const query = parseSoql(soql);
    const object = Object.keys(OBJECTS).find((name) => name.toLowerCase() === query.object.toLowerCase());
    const records = object === undefined ? undefined : recordsOf(store, account.org, object);
    if (object === undefined || !records || isHidden(request, object)) return restError.noSuchObject(query.object);
    const known = { ...query, object };
    const present = withDeleted ? records : records.filter((record) => record['IsDeleted'] === false);
    const picked = select(known, present);
    if (/^COUNT\(\)$/i.test(query.fields[0] ?? ''))
      return json(200, { totalSize: picked.length, done: true, records: [] });
    const shown = picked.map((record) => project(request, known, record));
    const locator = shown.length > pageSize(request, shown) ? locators.keep(account.user_id, shown, store.now()) : null;
    return answerPage(request, shown, locator, 0);
  } catch (error) {
    if (error instanceof MalformedQuery) return restError.malformedQuery(error.message);
    if (error instanceof NoSuchField) return restError.noSuchField(parseSoql(soql).object, error.field);
    throw error;
  }
}

/** `query/01g…-2000`: the next page. */
export function answerLocator(request: RestRequest, named: string): HttpAnswer {
  const [locator = '', start = ''] = named.split('-');
  const records = request.locators.find(locator, request.store.now());
  return records && !request.faults.has('locators_lost')
    ? answerPage(request, records, locator, Number(start))
    : restError.badLocator();
}

function answerPage(
  request: RestRequest,
  records: readonly Shown[],
  locator: string | null,
  start: number,
): HttpAnswer {
  const end = start + pageSize(request, records);
  const done = end >= records.length;
  return json(200, {
    totalSize: records.length,
    done,
    ...(done ? {} : { nextRecordsUrl: `/services/data/${request.version}/query/${locator}-${end}` }),
    records: records.slice(start, end),
  });
}

/** Pages of the fault `pages_short`: a mail is larger than another record. */
const SHORT_PAGE_ITEMS = { mails: 2, others: 3 };

/** A hint: Salesforce takes 200 to 2,000. */
function pageSize({ options, faults }: RestRequest, records: readonly Shown[]): number {
  if (faults.has('pages_short')) {
    return records[0]?.attributes.type === 'EmailMessage' ? SHORT_PAGE_ITEMS.mails : SHORT_PAGE_ITEMS.others;
  }
  const size = Number(/batchSize\s*=\s*(\d+)/i.exec(options)?.[1] ?? PAGE_ITEMS);
  return Math.min(PAGE_ITEMS, Math.max(200, size));
}

function project({ version }: RestRequest, { object, fields }: Query, record: SObject): Shown {
  const attributes = { type: object, url: `/services/data/${version}/sobjects/${object}/${record['Id']}` };
  const known = OBJECTS[object] ?? {};
  const shown = fields.flatMap((field) =>
    /^FIELDS\(\)$/i.test(field) ? Object.keys(known) : [fieldNamed(known, field).name],
  );
  return { attributes, ...Object.fromEntries(shown.map((name) => [name, record[name] ?? null])) };
}
