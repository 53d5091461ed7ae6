import { keysOf } from '../../db/channels/channel-list.ts';
import type { ListPosition } from '../../db/channels/channel-list.ts';
import type { ChannelSort } from '../../domain/channel.ts';
import { idCursor, invalidCursor, parseIdCursor } from '../http/paging.ts';

/** Where a page of sorted channels ends. It belongs to its order: with another one it is refused. */
export function channelCursor(sort: ChannelSort, { keys, id }: ListPosition): string {
  if (sort === 'created_at') return idCursor(id);
  return Buffer.from(JSON.stringify([sort, ...keys, id])).toString('base64url');
}

/** Throws `invalid_cursor`. */
export function parseChannelCursor(sort: ChannelSort, cursor: string | undefined): ListPosition | null {
  if (cursor === undefined) return null;
  if (sort === 'created_at') return { keys: [], id: parseIdCursor(cursor)! };
  const [of, ...position] = readTexts(cursor);
  const id = position.pop();
  const isWhole = of === sort && id !== undefined && position.length === keysOf(sort);
  if (!isWhole || !position.every((key) => sort === 'email' || /^\d{1,17}$/.test(key))) throw invalidCursor();
  return { keys: position, id };
}

function readTexts(cursor: string): string[] {
  try {
    const read: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    if (Array.isArray(read) && read.every((one) => typeof one === 'string' && !one.includes('\0'))) return read;
  } catch {
    // It is no cursor of ours.
  }
  throw invalidCursor();
}
