import { composeMessage } from '../../message-factory.ts';
import type { MessageSpec } from '../../message-factory.ts';
import { orgId } from '../ids.ts';
import type { FieldValue, FileObject, RecordRow } from '../rows.ts';
import type { SalesforceStore } from '../store.ts';
import type { RestRequest } from './request.ts';

export type FieldType =
  | 'id'
  | 'reference'
  | 'string'
  | 'textarea'
  | 'email'
  | 'datetime'
  | 'date'
  | 'boolean'
  | 'picklist'
  | 'int';

/** The fields of every object; Salesforce alone sets them. */
export const SYSTEM: Readonly<Record<string, FieldType>> = {
  Id: 'id',
  CreatedDate: 'datetime',
  CreatedById: 'reference',
  LastModifiedDate: 'datetime',
  LastModifiedById: 'reference',
  SystemModstamp: 'datetime',
  IsDeleted: 'boolean',
};

/** The objects of the sandbox with their fields (developer.salesforce.com "Object Reference"), as far as they are played. */
export const OBJECTS: Readonly<Record<string, Readonly<Record<string, FieldType>>>> = {
  EmailMessage: {
    ...SYSTEM,
    ParentId: 'reference',
    ActivityId: 'reference',
    RelatedToId: 'reference',
    Subject: 'string',
    TextBody: 'textarea',
    HtmlBody: 'textarea',
    Headers: 'textarea',
    FromName: 'string',
    FromAddress: 'email',
    ToAddress: 'string',
    CcAddress: 'string',
    BccAddress: 'string',
    Incoming: 'boolean',
    HasAttachment: 'boolean',
    Status: 'picklist',
    MessageDate: 'datetime',
    MessageIdentifier: 'string',
    ThreadIdentifier: 'string',
  },
  Task: {
    ...SYSTEM,
    WhoId: 'reference',
    WhatId: 'reference',
    OwnerId: 'reference',
    Subject: 'string',
    Description: 'textarea',
    ActivityDate: 'date',
    Status: 'picklist',
    Priority: 'picklist',
    IsClosed: 'boolean',
    TaskSubtype: 'picklist',
  },
  Attachment: { ...SYSTEM, ParentId: 'reference', Name: 'string', ContentType: 'string', BodyLength: 'int' },
  ContentDocumentLink: { ...SYSTEM, ContentDocumentId: 'reference', LinkedEntityId: 'reference' },
  ContentVersion: {
    ...SYSTEM,
    ContentDocumentId: 'reference',
    PathOnClient: 'string',
    ContentSize: 'int',
    IsLatest: 'boolean',
  },
  User: { ...SYSTEM, Username: 'string', Email: 'email', Name: 'string', IsActive: 'boolean' },
  Organization: { ...SYSTEM, Name: 'string', InstanceName: 'string', IsSandbox: 'boolean' },
};

const isFile = (object: string): object is FileObject =>
  object === 'Attachment' || object === 'ContentVersion' || object === 'ContentDocumentLink';

const HIDDEN_BY: Readonly<Record<string, string>> = { EmailMessage: 'emails_hidden', Task: 'tasks_hidden' };

/** Whether the organization has no such object, or the login may not see it: both look alike. */
export const isHidden = ({ faults }: Pick<RestRequest, 'faults'>, object: string): boolean =>
  faults.has(HIDDEN_BY[object] ?? '');

/** Objects that people make. */
export const isWritable = (object: string): object is 'EmailMessage' | 'Task' =>
  object === 'EmailMessage' || object === 'Task';

export type SObject = Readonly<Record<string, FieldValue>>;

/** `2026-11-30T15:33:43.000+0000`, as Salesforce writes an instant. */
export const dateTime = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, '.000+0000');

/** All that an organization has of an object, deleted records too; undefined: it has no such object. */
export function recordsOf(store: SalesforceStore, org: string, object: string): SObject[] | undefined {
  if (isWritable(object) || isFile(object)) return store.records(org, object).map(toSObject);
  const users = store.accounts().filter((account) => account.org === org);
  if (object === 'User') {
    return users.map(({ user_id, email, name }) => ({
      ...systemFields({ id: user_id, created_at: 0, modified_at: 0, stamp: 0, created_by: user_id, deleted_at: null }),
      Username: email,
      Email: email,
      Name: name ?? email.slice(0, email.indexOf('@')),
      IsActive: true,
    }));
  }
  if (object !== 'Organization') return undefined;
  return users.slice(0, 1).map(({ user_id, instance }) => ({
    ...systemFields({ id: orgId(org), created_at: 0, modified_at: 0, stamp: 0, created_by: user_id, deleted_at: null }),
    Name: org,
    InstanceName: instance.toUpperCase(),
    IsSandbox: instance.startsWith('cs'),
  }));
}

function toSObject(row: RecordRow): SObject {
  const empty = Object.fromEntries(
    Object.entries(OBJECTS[row.object] ?? {}).map(([name, type]): [string, FieldValue] => [
      name,
      type === 'boolean' ? false : null,
    ]),
  );
  const own = row.object === 'Task' ? taskFields(row) : row.spec ? mailFields(row.spec) : {};
  return { ...empty, ...own, ...row.fields, ...systemFields(row) };
}

function systemFields(
  row: Pick<RecordRow, 'id' | 'created_at' | 'modified_at' | 'stamp' | 'created_by' | 'deleted_at'>,
): Record<string, FieldValue> {
  return {
    Id: row.id,
    CreatedDate: dateTime(row.created_at),
    CreatedById: row.created_by,
    LastModifiedDate: dateTime(row.modified_at),
    LastModifiedById: row.created_by,
    SystemModstamp: dateTime(row.stamp),
    IsDeleted: row.deleted_at !== null,
  };
}

const taskFields = ({ created_by, fields }: RecordRow): Record<string, FieldValue> => ({
  OwnerId: created_by,
  Priority: 'Normal',
  TaskSubtype: 'Task',
  IsClosed: fields['Status'] === 'Completed',
});

/** A text field has room for so many characters. */
const MOST_TEXT = 131_072;

/** A received mail as Email-to-Case files it: in fields, without its MIME. */
function mailFields(spec: MessageSpec): Record<string, FieldValue> {
  const [, name = '', address = spec.from] = /^\s*(.*?)\s*<([^<>]*)>/.exec(spec.from) ?? [];
  return {
    Subject: spec.subject,
    FromName: decodeWord(name) || null,
    FromAddress: address,
    ToAddress: spec.to,
    TextBody: textOf(spec),
    MessageDate: dateTime(Date.parse(spec.date)),
    MessageIdentifier: spec.message_id,
  };
}

/** The plain text of a message, read anew for each answer: its bytes are not kept either. */
function textOf(spec: MessageSpec): string {
  const { size, ...small } = spec;
  const source = composeMessage(small).toString('utf8');
  const part = /Content-Type: text\/plain[\s\S]*?\r\n\r\n([\s\S]*?)\r\n--/i.exec(source)?.[1];
  const text = part ?? source.replace(/^[\s\S]*?\r?\n\r?\n/, '');
  const padding = Math.min(size ?? 0, MOST_TEXT) - text.length;
  return (padding > 0 ? text + 'The rest of a long mail. '.repeat(Math.ceil(padding / 25)) : text)
    .slice(0, Math.max(size ?? 0, text.length))
    .slice(0, MOST_TEXT);
}

const decodeWord = (text: string): string =>
  text.replace(/=\?utf-8\?B\?([^?]*)\?=/gi, (_, encoded: string) => Buffer.from(encoded, 'base64').toString());
