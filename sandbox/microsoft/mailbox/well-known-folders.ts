import { createHash } from 'node:crypto';

interface WellKnownFolder {
  readonly name: string;
  readonly display: string;
  /** Listed only with `includeHiddenFolders`. */
  readonly hidden?: true;
  /** Under which of them it lies; the root's when absent, nowhere for null. */
  readonly parent?: string | null;
}

/** The root of a mailbox: the parent of its top folders. */
export const ROOT = 'msgfolderroot';

/** The folders that every mailbox has. https://learn.microsoft.com/graph/api/resources/mailfolder */
export const WELL_KNOWN_FOLDERS: readonly WellKnownFolder[] = [
  { name: ROOT, display: 'Top of Information Store', parent: null },
  { name: 'archive', display: 'Archive' },
  { name: 'conversationhistory', display: 'Conversation History' },
  { name: 'deleteditems', display: 'Deleted Items' },
  { name: 'drafts', display: 'Drafts' },
  { name: 'inbox', display: 'Inbox' },
  { name: 'junkemail', display: 'Junk Email' },
  { name: 'outbox', display: 'Outbox' },
  { name: 'sentitems', display: 'Sent Items' },
  { name: 'syncissues', display: 'Sync Issues', hidden: true },
  // Beside the root: what "Deleted Items" was emptied of. It is opened by its name, and no listing has it.
  { name: 'recoverableitemsdeletions', display: 'Deletions', hidden: true, parent: null },
];

/** What people and other providers call these folders. */
const ALIASES: Readonly<Record<string, string>> = {
  inbox: 'inbox',
  sent: 'sentitems',
  draft: 'drafts',
  drafts: 'drafts',
  spam: 'junkemail',
  junk: 'junkemail',
  trash: 'deleteditems',
  bin: 'deleteditems',
  archive: 'archive',
};

/** The well-known folder that a path means, by its well-known, its displayed or another common name. */
export function wellKnownName(path: string): string | undefined {
  const wanted = path.toLowerCase();
  const found = WELL_KNOWN_FOLDERS.find(({ name, display }) => name === wanted || display.toLowerCase() === wanted);
  return found?.name ?? ALIASES[wanted];
}

/** Folder ids look like this, and stay the same for ever. */
export function folderId(email: string, path: string): string {
  const digest = createHash('sha256').update(`${email}\n${path}`).digest('base64url');
  return `AAMkAGFolder${digest.slice(0, 40)}AAAAAA==`;
}
