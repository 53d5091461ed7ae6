import type { FetchedMessage, ListedItem, ScopeReference } from '../contract.ts';
import type { SalesforceClient } from './client.ts';
import { composeMail } from './mime.ts';
import { objectOf } from './part-refusal.ts';
import { arrivalOf, DRAFT } from './records.ts';
import { instantOf, MAIL_FIELDS, mails, tasks } from './schema.ts';
import type { Mail, TaskRecord } from './schema.ts';

/** Records of one call: a mail's text may have 131,072 characters twice, and an organization's requests are counted. */
const MOST_FETCHED = 50;

/** Fetches mails as messages that are composed of their fields, and tasks as the JSON of Salesforce. */
export async function* fetchRecords(
  client: SalesforceClient,
  part: ScopeReference,
  items: ListedItem[],
): AsyncGenerator<FetchedMessage> {
  const object = objectOf(part);
  if (items.length === 0) return;
  const readable = await client.fields(object);
  const fields = object === 'Task' ? readable : MAIL_FIELDS.filter((name) => readable.includes(name));
  for (let at = 0; at < items.length; at += MOST_FETCHED) {
    const some = items.slice(at, at + MOST_FETCHED);
    const ids = some.map(({ providerId }) => providerId.replace(/@.*$/, ''));
    if (object === 'Task') {
      const found = await client.records(tasks, object, { ids, fields });
      for (const [index, item] of some.entries()) yield fetchedTask(item, found[index] ?? null);
    } else {
      const found = await client.records(mails, object, { ids, fields });
      for (const [index, item] of some.entries()) yield await fetchedMail(item, found[index] ?? null);
    }
  }
}

async function fetchedMail(item: ListedItem, mail: Mail | null): Promise<FetchedMessage> {
  if (mail === null) return { outcome: 'skipped', item, reason: 'gone' };
  if (mail.Status === DRAFT) return { outcome: 'skipped', item, reason: 'excluded_folder' };
  const raw = await composeMail(mail);
  return {
    outcome: 'message',
    item,
    mediaType: 'message/rfc822',
    raw: inOne(raw),
    receivedAt: arrivalOf(mail),
    folder: 'EmailMessage',
    sizeEstimate: raw.length,
  };
}

/** The stamps of Salesforce are whole seconds; counted from here they fit where revisions are stored, for decades. */
const FIRST_REVISION_S = Date.UTC(2000, 0, 1) / 1000;

/** A state that is no more is gone: the one that followed it is listed too. */
function fetchedTask(item: ListedItem, task: TaskRecord | null): FetchedMessage {
  const [id = '', second] = item.providerId.split('@');
  const changedAt = task && instantOf(task.SystemModstamp);
  const state = changedAt && Math.floor(changedAt.getTime() / 1000);
  if (task === null || changedAt === null || state !== Number(second))
    return { outcome: 'skipped', item, reason: 'gone' };
  const { attributes: _, ...record } = task;
  const raw = Buffer.from(JSON.stringify(record));
  return {
    outcome: 'message',
    item,
    mediaType: 'application/json',
    raw: inOne(raw),
    envelope: { subject: task.Subject ?? null, sender: null, recipients: [], date: instantOf(task.CreatedDate) },
    record: { providerId: id, revision: Number(second) - FIRST_REVISION_S },
    receivedAt: changedAt,
    folder: 'Task',
    sizeEstimate: raw.length,
  };
}

async function* inOne(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
