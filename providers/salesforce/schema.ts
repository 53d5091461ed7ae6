import { z } from 'zod';

/** Only what is read; Salesforce adds fields at will. */
const id = z.string().regex(/^\w{15,18}$/);
/** `2026-11-30T15:33:43.000+0000`: its zone lacks a colon. */
const instant = z.string().transform((text, at) => {
  const date = new Date(text.replace(/([+-]\d\d)(\d\d)$/, '$1:$2'));
  if (!Number.isNaN(date.getTime())) return date;
  at.addIssue('expected an instant');
  return z.NEVER;
});

/** https://help.salesforce.com "OpenID Connect Token Introspection"; `exp` in seconds. */
export const introspection = z.object({ active: z.literal(true), exp: z.number().optional() });

export const userPage = z.object({
  records: z.array(z.object({ Id: id, Username: z.string().min(1), Email: z.string().nullish() })),
});

/** The objects that are imported; each has a cursor of its own. */
export const OBJECTS = ['EmailMessage', 'Task'] as const;

/** Whether an object may be read. */
export const presence = z.object({ records: z.array(z.object({ Id: id })) });

/** Facts of a record by which it is listed; the last ones are of one object or the other. */
const listed = z.object({
  Id: id,
  SystemModstamp: instant,
  CreatedDate: instant,
  LastModifiedDate: instant,
  MessageDate: instant.nullish(),
  Status: z.string().nullish(),
  TaskSubtype: z.string().nullish(),
});
export type ListedRecord = z.infer<typeof listed>;

/** A page may have fewer records than were asked for, by their size: `done` alone tells the end of a query. */
const pageOf = <Row extends z.ZodType>(row: Row) =>
  z
    .object({ records: z.array(row), done: z.boolean(), nextRecordsUrl: z.string().optional() })
    .refine(({ done, nextRecordsUrl }) => done || nextRecordsUrl !== undefined, { path: ['nextRecordsUrl'] });

export const listedPage = pageOf(listed);

export const loggedMails = pageOf(z.object({ ActivityId: id.nullish() }));

/** developer.salesforce.com "Get Updated": the ids, and until when no transaction is open. */
export const updatedRecords = z.object({ ids: z.array(id), latestDateCovered: instant });

export const described = z.object({ fields: z.array(z.object({ name: z.string() })) });

const text = z.string().nullish();
/** https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_emailmessage.htm */
const mail = z.object({
  Id: id,
  SystemModstamp: instant,
  CreatedDate: instant,
  MessageDate: instant.nullish(),
  Status: text,
  Subject: text,
  FromName: text,
  FromAddress: text,
  ToAddress: text,
  CcAddress: text,
  BccAddress: text,
  TextBody: text,
  HtmlBody: text,
  MessageIdentifier: text,
  HasAttachment: z.boolean().nullish(),
});
export type Mail = z.infer<typeof mail>;
export const MAIL_FIELDS = Object.keys(mail.shape);
export const mails = z.array(mail.nullable());

export const attachments = pageOf(
  z.object({ Id: id, ParentId: id, Name: z.string(), ContentType: text, BodyLength: z.number() }),
);
export const documentLinks = pageOf(z.object({ ContentDocumentId: id, LinkedEntityId: id }));
export const documentVersions = pageOf(
  z.object({ Id: id, ContentDocumentId: id, PathOnClient: text, ContentSize: z.number() }),
);

/** Whole: what an organization has added stays in it. */
const task = z.looseObject({ Id: id, SystemModstamp: z.string(), CreatedDate: z.string(), Subject: text });
export type TaskRecord = z.infer<typeof task>;
export const tasks = z.array(task.nullable());
export const instantOf = (value: string) => instant.parse(value);

/**
 * Our cursor of an object. Everything stamped before `since` is listed, and from there on what `seen` names, as `id@second`.
 * Within a listing: until when Salesforce covers it, where the next one starts, and the last record of a second that was over
 * when its page was read.
 */
export const cursor = z.object({
  since: z.iso.datetime(),
  seen: z.array(z.string()),
  listing: z
    .object({
      coveredUntil: z.iso.datetime(),
      next: z.iso.datetime(),
      after: z.object({ stamp: z.iso.datetime(), id }).nullable(),
    })
    .optional(),
});
export type Cursor = z.infer<typeof cursor>;

/** Our position within a window: the last record of the page before. */
export const windowPosition = z.object({ stamp: z.iso.datetime(), id });
