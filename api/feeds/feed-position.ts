import { parseFeedCursor } from '../../db/events/feed.ts';
import type { FeedPosition } from '../../db/events/feed.ts';
import { invalidCursor } from '../http/paging.ts';
import { Problem } from '../http/problem.ts';

/**
 * Where a reader of a feed stands. Throws 400 for what is no cursor, 410 for one of another epoch or beyond the feed's end:
 * the database was set back since.
 * @param end `number` null: the place is in another order than the feed's
 */
export function feedPosition(cursor: string, end: { epoch: string; number: bigint | null }): FeedPosition {
  const position = parseFeedCursor(cursor);
  if (!position) throw invalidCursor();
  const isBeyond = end.number !== null && position.number > end.number;
  if (position.epoch === end.epoch && !isBeyond) return position;
  throw new Problem(
    'feed_reset',
    'The database was set back after this cursor was made; read the feed from its beginning',
  );
}

export const feedStart = (epoch: string): FeedPosition => ({ epoch, number: 0n });
