import type { HttpAnswer } from '../../http-answer.ts';
import { json, restError } from '../answers.ts';
import { newId } from '../ids.ts';
import type { FieldValue } from '../rows.ts';
import type { RestRequest } from './request.ts';

/** The object that holds the bytes of a file, and its field: written in Base64, and read as bytes. */
export const BYTES_OF: Readonly<Record<string, string>> = { Attachment: 'Body', ContentVersion: 'VersionData' };

/** A classic attachment of a mail, or a file that is published to it. */
export function createFile(request: RestRequest, object: string, body: Readonly<Record<string, unknown>>): HttpAnswer {
  const { [BYTES_OF[object] ?? '']: encoded, ...given } = body;
  if (typeof encoded !== 'string') return restError.parser();
  const id = object === 'Attachment' ? attach(request, given, encoded) : publish(request, given, encoded);
  return json(201, { id, success: true, errors: [] });
}

function textIn(body: Readonly<Record<string, unknown>>, name: string): string {
  const value = body[name];
  return typeof value === 'string' ? value : '';
}

function attach({ store, account }: RestRequest, given: Readonly<Record<string, unknown>>, data: string): string {
  const parent = textIn(given, 'ParentId');
  const fields = {
    ParentId: parent,
    Name: textIn(given, 'Name'),
    ContentType: (given['ContentType'] ?? null) as FieldValue,
    BodyLength: Buffer.from(data, 'base64').length,
  };
  return store.createFile(account, { object: 'Attachment', id: newId('00P'), fields, data }, parent);
}

/** `FirstPublishLocationId` says to which record the new document is linked. */
function publish({ store, account }: RestRequest, given: Readonly<Record<string, unknown>>, data: string): string {
  const [parent, document] = [textIn(given, 'FirstPublishLocationId'), newId('069')];
  const link = { ContentDocumentId: document, LinkedEntityId: parent };
  store.createFile(account, { object: 'ContentDocumentLink', id: newId('06A'), fields: link }, parent);
  const fields = {
    ContentDocumentId: document,
    PathOnClient: textIn(given, 'PathOnClient'),
    ContentSize: Buffer.from(data, 'base64').length,
    IsLatest: true,
  };
  return store.createFile(account, { object: 'ContentVersion', id: newId('068'), fields, data }, parent);
}

/** `sobjects/Attachment/00P…/Body` */
export function answerBytes({ store, account, path, faults }: RestRequest): HttpAnswer {
  const [, object = '', id = '', field] = path;
  const row = store.record(id);
  const isThere = row?.org === account.org && row.object === object && row.deleted_at === null;
  if (!isThere || row.data === undefined || field !== BYTES_OF[object]) return restError.notFound();
  if (faults.has('bytes_refused')) return restError.bytesRefused();
  const headers = { 'content-type': 'application/octetstream' };
  return { status: 200, headers, body: '', bytes: Buffer.from(row.data, 'base64') };
}
