import { parseFeedCursor } from '../../db/events/feed.ts';
import type { CursorKind, FeedPosition } from '../../db/events/feed.ts';
import { invalidCursor } from '../http/paging.ts';
import { Problem } from '../http/problem.ts';

/**
 * Where a reader stands. Throws 400 for what is no cursor of this kind, and 410 for one of another epoch or beyond the end:
 * the order of the feed has changed, or the database was set back.
 * @param end `number` null: the place has no end to compare with
 */
export function feedPosition(
  kind: CursorKind,
  cursor: string,
  end: { epoch: string; number: bigint | null },
): FeedPosition {
  const position = parseFeedCursor(kind, cursor);
  if (!position) throw invalidCursor();
  const isBeyond = end.number !== null && position.number > end.number;
  if (position.epoch === end.epoch && !isBeyond) return position;
  throw new Problem('feed_reset', 'The feed has another order since this cursor was made; read it from its beginning');
}

export const feedStart = (epoch: string): FeedPosition => ({ epoch, number: 0n });
