import { parseFeedCursor } from '../../db/events/feed.ts';
import type { FeedPosition } from '../../db/events/feed.ts';
import { invalidCursor } from '../http/paging.ts';
import { Problem } from '../http/problem.ts';

/** Where a reader of a feed stands. Throws 400 for what is no cursor, 410 for one from before a restore. */
export function feedPosition(cursor: string, epoch: string): FeedPosition {
  const position = parseFeedCursor(cursor);
  if (!position) throw invalidCursor();
  if (position.epoch === epoch) return position;
  throw new Problem(
    'feed_reset',
    'The database was restored after this cursor was made; read the feed from its beginning',
  );
}

export const feedStart = (epoch: string): FeedPosition => ({ epoch, xact: '0', seq: 0n });
