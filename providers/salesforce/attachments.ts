import type { SalesforceClient } from './client.ts';
import { isHidden } from './part-refusal.ts';
import { readWithIds } from './records.ts';
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
  const soql = (ids: string) => `SELECT ${fields} FROM Attachment WHERE ParentId IN (${ids})`;
  const found = await readGiven(client, attachments, soql, mails);
  return found.map(({ Id, ParentId, Name, ContentType, BodyLength }) => ({
    mail: ParentId,
    id: Id,
    name: Name,
    contentType: ContentType ?? null,
    bytes: BodyLength,
    path: `sobjects/Attachment/${Id}/Body`,
  }));
}

const linksTo = (mails: string) =>
  `SELECT ContentDocumentId, LinkedEntityId FROM ContentDocumentLink WHERE LinkedEntityId IN (${mails})`;

async function documentsOf(client: SalesforceClient, mails: string[]): Promise<Owned[]> {
  const links = await readGiven(client, documentLinks, linksTo, mails);
  const documents = [...new Set(links.map(({ ContentDocumentId }) => ContentDocumentId))];
  const fields = 'Id, ContentDocumentId, PathOnClient, ContentSize';
  const latest = (ids: string) =>
    `SELECT ${fields} FROM ContentVersion WHERE ContentDocumentId IN (${ids}) AND IsLatest = true`;
  const found = await readGiven(client, documentVersions, latest, documents);
  const versions = new Map(found.map((version) => [keyOf(version.ContentDocumentId), version]));
  return links.flatMap(({ ContentDocumentId, LinkedEntityId: mail }) => {
    const version = versions.get(keyOf(ContentDocumentId));
    if (version === undefined) return [];
    const { Id: id, PathOnClient, ContentSize: bytes } = version;
    const path = `sobjects/ContentVersion/${id}/VersionData`;
    return [{ mail, id, name: nameOf(PathOnClient) ?? id, contentType: null, bytes, path }];
  });
}

/** A browser may send the whole path at which a person had the file: `C:\fakepath\offer.pdf`. */
const nameOf = (pathOnClient: string | null | undefined) => pathOnClient?.replace(/^.*[/\\]/s, '') || null;

/** A file that the login may not see is no part of the message. */
async function readGiven<Row>(...asked: Parameters<typeof readWithIds<Row>>): Promise<Row[]> {
  try {
    return await readWithIds(...asked);
  } catch (error) {
    if (isHidden(error)) return [];
    throw error;
  }
}
