import type { FolderRow } from '../rows.ts';
import type { Mailbox } from './mailbox.ts';
import { folderId, ROOT, WELL_KNOWN_FOLDERS, wellKnownName } from './well-known-folders.ts';

type FolderChange = readonly ['folders', string, FolderRow];

/** A mailbox's folders as people name them: `Projects/2026`. */
export class FolderTree {
  readonly #key: string;
  readonly #mailbox: Mailbox;

  /** @param key the mailbox's address in lower case */
  constructor(key: string, mailbox: Mailbox) {
    this.#key = key;
    this.#mailbox = mailbox;
  }

  /** The folders that a new mailbox has. */
  founding(): FolderChange[] {
    const idOf = (name: string): string => folderId(this.#key, name);
    return WELL_KNOWN_FOLDERS.map(({ name, display, hidden = false, parent = ROOT }, index) => [
      'folders',
      idOf(name),
      {
        email: this.#key,
        id: idOf(name),
        name: display,
        parent_id: parent === null ? null : idOf(parent),
        well_known: name,
        hidden,
        seq: index + 1,
      },
    ]);
  }

  /** The folder of a path, and what has to be committed where it is missing. */
  ensure(path: string): { folder: FolderRow; changes: readonly FolderChange[] } {
    const [first = '', ...below] = path.split('/').filter(Boolean);
    const root = this.#mailbox.folder(ROOT);
    let parent = this.#mailbox.folder(wellKnownName(first) ?? '') ?? root;
    const changes: FolderChange[] = [];
    for (const name of parent === root ? [first, ...below] : below) {
      const row = this.#childOf(parent, name) ?? this.#newFolder(parent, name, changes.length);
      if (this.#mailbox.folder(row.id) === undefined) changes.push(['folders', row.id, row]);
      parent = row;
    }
    if (parent === undefined) throw new Error(`the mailbox of ${this.#key} has no folders`);
    return { folder: parent, changes };
  }

  #childOf(parent: FolderRow | undefined, name: string): FolderRow | undefined {
    const wanted = name.toLowerCase();
    return this.#mailbox.folders().find((row) => row.parent_id === parent?.id && row.name.toLowerCase() === wanted);
  }

  #newFolder(parent: FolderRow | undefined, name: string, made: number): FolderRow {
    return {
      email: this.#key,
      id: folderId(this.#key, `${parent?.id}/${name.toLowerCase()}`),
      name,
      parent_id: parent?.id ?? null,
      well_known: null,
      hidden: false,
      seq: this.#mailbox.seq + 1 + made,
    };
  }

  /** As the control API names it: `INBOX`, and other folders by their displayed names. */
  pathOf(id: string): string {
    const row = this.#mailbox.folder(id);
    if (!row) return '';
    if (row.well_known === 'inbox') return 'INBOX';
    const parent = row.parent_id === null ? undefined : this.#mailbox.folder(row.parent_id);
    return parent && parent.well_known !== ROOT ? `${this.pathOf(parent.id)}/${row.name}` : row.name;
  }
}
