import { ProviderError } from '../../domain/verdict.ts';
import type { FetchedMessage, ListedItem, ScopeReference } from '../contract.ts';
import type { SalesforceClient } from './client.ts';
import { attachedFiles } from './attachments.ts';
import type { AttachedFile } from './attachments.ts';
import { composeMail } from './mime.ts';
import { isHidden, objectOf } from './part-refusal.ts';
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
      const filesOf = await attachedFiles(
        client,
        found.filter((mail) => mail !== null),
      );
      for (const [index, item] of some.entries()) {
        const mail = found[index] ?? null;
        yield await fetchedMail(client, item, mail, mail === null ? [] : filesOf(mail));
      }
    }
  }
}

async function fetchedMail(
  client: SalesforceClient,
  item: ListedItem,
  mail: Mail | null,
  files: AttachedFile[],
): Promise<FetchedMessage> {
  if (mail === null) return { outcome: 'skipped', item, reason: 'gone' };
  if (mail.Status === DRAFT) return { outcome: 'skipped', item, reason: 'excluded_folder' };
  const whole = files.length === 0 ? await readWhole(composed(client, mail, [])) : null;
  return {
    outcome: 'message',
    item,
    mediaType: 'message/rfc822',
    raw: whole === null ? composed(client, mail, files) : inOne(whole),
    receivedAt: arrivalOf(mail),
    folder: 'EmailMessage',
    sizeEstimate: whole?.length ?? sizeOf(mail, files),
  };
}

/** The octets of a mail. A file whose bytes the login may not read is no part of it. */
async function* composed(client: SalesforceClient, mail: Mail, files: AttachedFile[]): AsyncGenerator<Uint8Array> {
  const reading = new AbortController();
  try {
    yield* composeMail(mail, files, (file) => openGiven(client, file, reading.signal));
  } finally {
    reading.abort();
  }
}

/** null: the login may not read it, or it is gone. */
async function openGiven(
  client: SalesforceClient,
  { path }: AttachedFile,
  end: AbortSignal,
): Promise<AsyncIterable<Uint8Array> | null> {
  try {
    return await client.open(path, end);
  } catch (error) {
    if (isHidden(error) || isRefusedFile(error)) return null;
    throw error;
  }
}

/** Where the whole API is refused, the calls that list say so. */
const isRefusedFile = (error: unknown) =>
  error instanceof ProviderError && /^(FORBIDDEN|ENTITY_IS_DELETED)$/.test(error.verdict.providerCode ?? '');

async function readWhole(raw: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of raw) parts.push(part);
  return Buffer.concat(parts);
}

/** Files are written in Base64. */
const sizeOf = ({ TextBody, HtmlBody }: Mail, files: AttachedFile[]) =>
  Math.round(files.reduce((sum, { bytes }) => sum + bytes * 1.37, (TextBody?.length ?? 0) + (HtmlBody?.length ?? 0)));

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
