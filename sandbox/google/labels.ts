/** Labels every mailbox has. https://developers.google.com/workspace/gmail/api/guides/labels */
export const SYSTEM_LABELS: readonly string[] = [
  'INBOX',
  'SENT',
  'DRAFT',
  'SPAM',
  'TRASH',
  'UNREAD',
  'STARRED',
  'IMPORTANT',
];

/** What people call these folders elsewhere. */
const FOLDER_LABELS: Readonly<Record<string, string>> = {
  inbox: 'INBOX',
  sent: 'SENT',
  'sent items': 'SENT',
  draft: 'DRAFT',
  drafts: 'DRAFT',
  spam: 'SPAM',
  junk: 'SPAM',
  'junk email': 'SPAM',
  trash: 'TRASH',
  bin: 'TRASH',
  'deleted items': 'TRASH',
};

interface Label {
  readonly id: string;
  readonly name: string;
}

/** The label that stands for a folder: a system label, or a user label, made when it is missing. */
export function labelFor(folder: string, userLabels: readonly Label[]): Label {
  const system = FOLDER_LABELS[folder.toLowerCase()] ?? SYSTEM_LABELS.find((label) => label === folder);
  if (system) return { id: system, name: system };
  const existing = userLabels.find((label) => label.name.toLowerCase() === folder.toLowerCase());
  return existing ?? { id: `Label_${userLabels.length + 1}`, name: folder };
}

/** The folder a message is in, as the control API names it. */
export function folderName(labelIds: readonly string[], names: ReadonlyMap<string, string>): string {
  const label = labelIds.find((id) => id !== 'UNREAD') ?? 'INBOX';
  return names.get(label) ?? label;
}
