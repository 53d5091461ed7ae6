import type { HttpAnswer } from '../../http-answer.ts';
import { json, noContent, restError } from '../answers.ts';
import { shortId } from '../ids.ts';
import type { FieldValue } from '../rows.ts';
import type { SObject } from './objects.ts';
import { isHidden, isWritable, OBJECTS, recordsOf, SYSTEM } from './objects.ts';
import { answerBytes, BYTES_OF, createFile } from './files.ts';
import { answerReplication } from './replication.ts';
import type { RestRequest } from './request.ts';
import { fieldNamed, NoSuchField } from './select.ts';

/** `sobjects/…`: the list of objects, one object, its changes, one record. */
export function answerSObjects(request: RestRequest): HttpAnswer {
  const [, named, below, ...more] = request.path;
  if (named === undefined) return describeGlobal(request);
  const object = Object.keys(OBJECTS).find((name) => name.toLowerCase() === named.toLowerCase());
  if (object === undefined || isHidden(request, object)) return restError.notFound();
  if (more.length > 0) return answerBytes(request);
  if (below === undefined) return request.method === 'POST' ? create(request, object) : basic(request, object);
  if (below === 'describe') return json(200, describe(request, object));
  if (below === 'updated' || below === 'deleted') {
    return isWritable(object) ? answerReplication(request, object, below) : restError.notFound();
  }
  return answerRecord(request, object, below);
}

/** `composite/sobjects/Task`: up to 2,000 records by their ids, null for each that is not there. */
export function answerCollection(request: RestRequest): HttpAnswer {
  const object = request.path[2] ?? '';
  const records = recordsOf(request.store, request.account.org, object);
  if (!records || isHidden(request, object)) return restError.notFound();
  const body = bodyOf(request);
  const listed = (name: string): string[] =>
    Array.isArray(body?.[name])
      ? (body[name] as unknown[]).map(String)
      : (request.query.get(name) ?? '').split(',').filter(Boolean);
  const byId = new Map(records.map((record) => [shortId(String(record['Id'])), record]));
  const fields = listed('fields');
  return onFields(object, () =>
    json(
      200,
      listed('ids').map((id) => {
        const record = byId.get(shortId(id));
        return record && record['IsDeleted'] === false ? present(request, object, record, fields) : null;
      }),
    ),
  );
}

function answerRecord(request: RestRequest, object: string, id: string): HttpAnswer {
  const { store, account, method, query } = request;
  const found = recordsOf(store, account.org, object)?.find((record) => shortId(String(record['Id'])) === shortId(id));
  if (!found) return restError.notFound();
  if (found['IsDeleted'] === true) return restError.entityDeleted();
  if (method === 'GET') {
    const fields = (query.get('fields') ?? '').split(',').filter(Boolean);
    return onFields(object, () => json(200, present(request, object, found, fields)));
  }
  const row = store.record(String(found['Id']));
  if (!row) return restError.method();
  if (method === 'DELETE') {
    store.delete(row);
    return noContent;
  }
  if (method !== 'PATCH') return restError.method();
  const body = bodyOf(request);
  if (!body) return restError.parser();
  return onFields(object, () => {
    store.change(row, written(object, body));
    return noContent;
  });
}

function create(request: RestRequest, object: string): HttpAnswer {
  const body = bodyOf(request);
  if (!body) return restError.parser();
  if (BYTES_OF[object] !== undefined) return createFile(request, object, body);
  if (!isWritable(object)) return restError.method();
  return onFields(object, () => {
    const { id } = request.store.create(request.account, object, written(object, body));
    return json(201, { id, success: true, errors: [] });
  });
}

function onFields(object: string, answer: () => HttpAnswer): HttpAnswer {
  try {
    return answer();
  } catch (error) {
    if (error instanceof NoSuchField) return restError.noSuchField(object, error.field);
    throw error;
  }
}

const READ_ONLY = Object.keys(SYSTEM);

/** @throws NoSuchField, also for a field that is read-only */
function written(object: string, body: Readonly<Record<string, unknown>>): Record<string, FieldValue> {
  return Object.fromEntries(
    Object.entries(body)
      .filter(([name]) => name !== 'attributes')
      .map(([name, value]) => {
        const field = fieldNamed(OBJECTS[object] ?? {}, name).name;
        if (READ_ONLY.includes(field)) throw new NoSuchField(name);
        return [field, value as FieldValue];
      }),
  );
}

/** @throws NoSuchField */
function present({ version }: RestRequest, object: string, record: SObject, fields: readonly string[]): object {
  const known = OBJECTS[object] ?? {};
  const names =
    fields.length === 0 ? Object.keys(known) : ['Id', ...fields.map((field) => fieldNamed(known, field).name)];
  return {
    attributes: { type: object, url: `/services/data/${version}/sobjects/${object}/${record['Id']}` },
    ...Object.fromEntries(names.map((name) => [name, record[name] ?? null])),
  };
}

function bodyOf({ body }: RestRequest): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

const PREFIXES: Readonly<Record<string, string>> = {
  EmailMessage: '02s',
  Task: '00T',
  Attachment: '00P',
  ContentVersion: '068',
  ContentDocumentLink: '06A',
  User: '005',
  Organization: '00D',
};

function summary({ version }: RestRequest, name: string): object {
  const at = `/services/data/${version}/sobjects/${name}`;
  return {
    name,
    label: name,
    keyPrefix: PREFIXES[name],
    queryable: true,
    retrieveable: true,
    replicateable: isWritable(name),
    createable: isWritable(name),
    updateable: isWritable(name),
    deletable: isWritable(name),
    custom: false,
    urls: { sobject: at, describe: `${at}/describe`, rowTemplate: `${at}/{ID}` },
  };
}

const describeGlobal = (request: RestRequest): HttpAnswer =>
  json(200, {
    encoding: 'UTF-8',
    maxBatchSize: 200,
    sobjects: Object.keys(OBJECTS).map((name) => summary(request, name)),
  });

const basic = (request: RestRequest, name: string): HttpAnswer =>
  json(200, { objectDescribe: summary(request, name), recentItems: [] });

function describe(request: RestRequest, name: string): object {
  const fields = Object.entries(OBJECTS[name] ?? {}).map(([field, type]) => ({
    name: field,
    label: field,
    type,
    soapType:
      type === 'id'
        ? 'tns:ID'
        : type === 'boolean'
          ? 'xsd:boolean'
          : type === 'datetime'
            ? 'xsd:dateTime'
            : 'xsd:string',
    nillable: type !== 'id' && type !== 'boolean',
    createable: !READ_ONLY.includes(field),
    updateable: !READ_ONLY.includes(field),
    filterable: type !== 'textarea',
    sortable: type !== 'textarea',
    custom: false,
    picklistValues: [],
    referenceTo: [],
  }));
  return { ...summary(request, name), fields, childRelationships: [], recordTypeInfos: [] };
}
