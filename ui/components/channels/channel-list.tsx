import { useCallback, useMemo, useState } from 'react';
import type { UseInfiniteQueryResult } from '@tanstack/react-query';
import type { InfiniteData } from '@tanstack/react-query';
import type { Channel } from '../../../api/schemas/channels.ts';
import type { Page } from '../../../api/schemas/list.ts';
import { rowsOf } from '../../data/channel-pages.ts';
import { ChannelTable } from './channel-table.tsx';
import { RemindBar } from './remind-bar.tsx';

interface ListProps {
  query: UseInfiniteQueryResult<InfiniteData<Page<Channel>>>;
  onShowAll: () => void;
}

/** The channels that fit the filter, and what can be done with the selected ones. */
export function ChannelList({ query, onShowAll }: ListProps) {
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const channels = useMemo(() => rowsOf(query.data?.pages ?? []), [query.data]);
  const { hasNextPage, isFetching, fetchNextPage } = query;
  const loadMore = useCallback(() => {
    if (!isFetching) void fetchNextPage();
  }, [isFetching, fetchNextPage]);
  if (channels.length === 0) {
    return (
      <p className="empty">
        No channel fits this filter.{' '}
        <button type="button" className="link-button" onClick={onShowAll}>
          Show all
        </button>
      </p>
    );
  }
  return (
    <>
      <ChannelTable
        channels={channels}
        selection={{ ids: selected, set: setSelected }}
        onMore={hasNextPage ? loadMore : null}
      />
      {query.isFetchingNextPage && (
        <p className="waiting" role="status">
          Loading more channels…
        </p>
      )}
      <RemindBar channels={channels.filter(({ id }) => selected.has(id))} known={channels} onSelect={setSelected} />
    </>
  );
}
