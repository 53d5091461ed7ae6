import { isSilence } from '../data/client.ts';
import { ProblemNotice } from './notice.tsx';

interface Loaded {
  data: unknown;
  isPending: boolean;
  error: unknown;
  failureReason: unknown;
  refetch: () => unknown;
}

interface LoadingProps {
  query: Loaded;
  /** What is being loaded: "Loading the imports…". */
  children: string;
}

/** What stands in the place of data that is not here: what is loaded, or why it does not come. */
export function Loading({ query, children }: LoadingProps) {
  if (query.isPending) {
    return (
      <p className="waiting" role="status">
        {isSilence(query.failureReason)
          ? `${query.failureReason.problem.title}. This page asks again by itself.`
          : children}
      </p>
    );
  }
  // The frame says that Mooring is silent; what was loaded before stays as it is.
  if (!query.error || (query.data !== undefined && isSilence(query.error))) return null;
  return (
    <>
      <ProblemNotice error={query.error} />
      {isSilence(query.error) && (
        <button type="button" className="link-button" onClick={() => void query.refetch()}>
          Try again
        </button>
      )}
    </>
  );
}
