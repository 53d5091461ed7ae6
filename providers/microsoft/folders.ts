import { inOrder } from '../../net/in-order.ts';
import type { ScopeReference } from '../contract.ts';
import { CONCURRENCY } from './client.ts';
import type { GraphClient } from './client.ts';
import type { Folder } from './schema.ts';

/** Folders that are not imported, with all that is below them; names are in the person's language, these are not. */
const EXCLUDED = ['deleteditems', 'junkemail', 'drafts'];
/** A listing of folders that is longer makes no progress. */
const MOST_PAGES = 1_000;

/**
 * The folders whose mail is imported. Their ids stay when they are renamed or moved. Graph knows no folder by its use in a
 * listing, so the well-known ones are asked for by name.
 */
export async function listFolders(client: GraphClient): Promise<ScopeReference[]> {
  const folders = await readAll(client);
  const known: (Folder | null)[] = [];
  const names = ['inbox', ...EXCLUDED];
  for await (const folder of inOrder(names, CONCURRENCY, (name) => client.folder(name))) known.push(folder);
  const [inbox, ...excluded] = known;
  const out = new Set(excluded.flatMap((folder) => folder?.id ?? []));
  const parts = [...folders.values()].flatMap((folder) => {
    const way = wayTo(folder, folders);
    if (way.some(({ id }) => out.has(id))) return [];
    const name = way.map(({ id, displayName }) => (id === inbox?.id ? 'INBOX' : displayName)).join('/');
    return { scope: folder.id, name };
  });
  // The inbox first: nothing is waited for more.
  return parts.sort((a, b) => Number(b.scope === inbox?.id) - Number(a.scope === inbox?.id));
}

async function readAll(client: GraphClient): Promise<Map<string, Folder>> {
  const folders = new Map<string, Folder>();
  let next: string | null = null;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer: Awaited<ReturnType<GraphClient['folders']>> = await client.folders(next);
    for (const one of answer.value) if (!('@removed' in one)) folders.set(one.id, one);
    next = answer['@odata.nextLink'] ?? null;
    if (next === null) break;
  }
  return folders;
}

/** From the top down to the folder itself; the mailbox's root is in no listing. */
function wayTo(folder: Folder, folders: ReadonlyMap<string, Folder>): Folder[] {
  const way = [folder];
  for (let above = parentOf(folder, folders); above && !way.includes(above); above = parentOf(above, folders)) {
    way.unshift(above);
  }
  return way;
}

const parentOf = ({ parentFolderId }: Folder, folders: ReadonlyMap<string, Folder>) =>
  folders.get(parentFolderId ?? '');
