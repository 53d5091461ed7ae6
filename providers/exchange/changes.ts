import { verdict } from '../../domain/verdict-builders.ts';
import { ProviderError } from '../../domain/verdict.ts';
import { parseJson } from '../answers/text.ts';
import type { ChangePage, ListedItem, ScopeReference, WalkPage } from '../contract.ts';
import type { ExchangeClient } from './client.ts';
import { folderCursor } from './schema.ts';
import type { XmlNode } from './soap/node.ts';
import { unexpectedAnswer } from './soap/refusal.ts';
import { syncFolderItems } from './soap/request.ts';

/** Exchange's largest page. */
const MOST_CHANGES = 512;

/** One page of a folder's changes. A message that is moved here comes as a new one, with another id. */
export async function listChanges(
  client: ExchangeClient,
  { scope }: ScopeReference,
  cursor: string,
  limit: number,
): Promise<ChangePage> {
  const { items, state, isLast, at } = await sync(client, scope, readState(cursor), Math.min(limit, MOST_CHANGES));
  return { items, cursor: formatState(state), more: !isLast, at };
}

/** One page of the walk through a folder at whose end its first cursor stands: Exchange has no state as of now. */
export async function walkFolder(client: ExchangeClient, scope: string, position: string | null): Promise<WalkPage> {
  const from = position === null ? null : readState(position);
  const { state, isLast } = await sync(client, scope, from, MOST_CHANGES);
  const reached = formatState(state);
  return isLast ? { position: null, cursor: reached } : { position: reached, cursor: null };
}

async function sync(client: ExchangeClient, folderId: string, from: string | null, most: number) {
  const { message, at } = await client.askOne(syncFolderItems(folderId, from, most), 'import');
  const state = message.textAt('SyncState');
  if (!state) throw unexpectedAnswer('SyncFolderItems', 'import', 'the answer has no state');
  const items = (message.at('Changes')?.children ?? []).flatMap(createdIn);
  return { items, state, isLast: message.textAt('IncludesLastItemInRange') === 'true', at };
}

/** A change of a known message, such as a flag, brings no message. */
function createdIn(change: XmlNode): ListedItem[] {
  const id = change.name === 'Create' ? change.children[0]?.idAt('ItemId') : null;
  return id ? [{ providerId: id, generation: '' }] : [];
}

const formatState = (state: string) => JSON.stringify({ state });

function readState(text: string): string {
  const parsed = folderCursor.safeParse(parseJson(text));
  if (parsed.success) return parsed.data.state;
  throw new ProviderError('the cursor is not one of Exchange', verdict('cursor_expired', null));
}
