import type { z } from 'zod';
import type { SalesforceClient } from './client.ts';
import { isHidden } from './part-refusal.ts';
import { attachments, documentLinks, documentVersions } from './schema.ts';
import type { Mail } from './schema.ts';

/** A file of a mail, without its bytes. */
export interface AttachedFile {
  id: string;
  name: string;
  /** null: its name tells it. */
  contentType: string | null;
  bytes: number;
  /** Where its bytes are. */
  path: string;
}

/** Both forms of an id begin alike. */
const keyOf = (id: string) => id.slice(0, 15);

/** The files of mails, by the mail's id: classic attachments, and documents that are linked to it. */
export async function attachedFiles(
  client: SalesforceClient,
  mails: readonly Mail[],
): Promise<(mail: Mail) => AttachedFile[]> {
  const ids = mails.filter(({ HasAttachment }) => HasAttachment === true).map(({ Id }) => Id);
  const files = ids.length === 0 ? [] : [...(await attachmentsOf(client, ids)), ...(await documentsOf(client, ids))];
  return ({ Id }) => files.filter(({ mail }) => keyOf(mail) === keyOf(Id)).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

type Owned = AttachedFile & { mail: string };

async function attachmentsOf(client: SalesforceClient, mails: string[]): Promise<Owned[]> {
  const fields = 'Id, ParentId, Name, ContentType, BodyLength';
  const found = await readAll(
    client,
    attachments,
    `SELECT ${fields} FROM Attachment WHERE ParentId IN (${quoted(mails)})`,
  );
  return found.map(({ Id, ParentId, Name, ContentType, BodyLength }) => ({
    mail: ParentId,
    id: Id,
    name: Name,
    contentType: ContentType ?? null,
    bytes: BodyLength,
    path: `sobjects/Attachment/${Id}/Body`,
  }));
}

async function documentsOf(client: SalesforceClient, mails: string[]): Promise<Owned[]> {
  const linked = `SELECT ContentDocumentId, LinkedEntityId FROM ContentDocumentLink WHERE LinkedEntityId IN (${quoted(mails)})`;
  const links = await readAll(client, documentLinks, linked);
  if (links.length === 0) return [];
  const documents = quoted([...new Set(links.map(({ ContentDocumentId }) => ContentDocumentId))]);
  const fields = 'Id, ContentDocumentId, PathOnClient, ContentSize';
  const latest = `SELECT ${fields} FROM ContentVersion WHERE ContentDocumentId IN (${documents}) AND IsLatest = true`;
  const versions = new Map(
    (await readAll(client, documentVersions, latest)).map((version) => [keyOf(version.ContentDocumentId), version]),
  );
  return links.flatMap(({ ContentDocumentId, LinkedEntityId: mail }) => {
    const version = versions.get(keyOf(ContentDocumentId));
    if (version === undefined) return [];
    const { Id: id, PathOnClient, ContentSize: bytes } = version;
    const path = `sobjects/ContentVersion/${id}/VersionData`;
    return [{ mail, id, name: PathOnClient ?? id, contentType: null, bytes, path }];
  });
}

const quoted = (ids: string[]) => ids.map((id) => `'${id}'`).join(', ');

/** What a login may not see is no part of the message. */
async function readAll<Row>(
  client: SalesforceClient,
  shape: z.ZodType<{ records: Row[]; nextRecordsUrl?: string | undefined }>,
  soql: string,
): Promise<Row[]> {
  const records: Row[] = [];
  try {
    for (let page = await client.query(shape, soql); ; page = await client.more(shape, page.nextRecordsUrl ?? '')) {
      records.push(...page.records);
      if (page.nextRecordsUrl === undefined) return records;
    }
  } catch (error) {
    if (isHidden(error)) return [];
    throw error;
  }
}
