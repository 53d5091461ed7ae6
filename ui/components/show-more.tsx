import type { UseInfiniteQueryResult } from '@tanstack/react-query';

interface ShowMoreProps {
  query: Pick<UseInfiniteQueryResult, 'hasNextPage' | 'isFetchingNextPage' | 'fetchNextPage'>;
  /** What the button is called, and while it loads. */
  label: string;
  loading: string;
}

/** The button below a list that has another page. */
export function ShowMore({ query, label, loading }: ShowMoreProps) {
  if (!query.hasNextPage) return null;
  return (
    <button
      type="button"
      className="link-button"
      disabled={query.isFetchingNextPage}
      onClick={() => void query.fetchNextPage()}
    >
      {query.isFetchingNextPage ? loading : label}
    </button>
  );
}
