import { isSilence } from '../../data/client.ts';
import { Notice } from '../notice.tsx';
import { useWords } from './speaking.tsx';

interface Opened {
  isPending: boolean;
  error: unknown;
  failureReason: unknown;
  refetch: () => unknown;
}

/** What stands there until a link is read: that it is being opened, or why it cannot be. */
export function Opening({ query }: { query: Opened }) {
  const { words, say } = useWords();
  const titleOf = (error: unknown) =>
    isSilence(error) ? say(words.silence[error.problem.code === 'offline' ? 'offline' : 'mooring_unreachable']) : null;
  if (query.isPending) {
    const silence = titleOf(query.failureReason);
    return (
      <p className="waiting" role="status">
        {silence ? say(words.page.asksAgain, { title: silence }) : words.page.opening}
      </p>
    );
  }
  return (
    <>
      <Notice tone="bad">{titleOf(query.error) ?? words.page.wentWrong}</Notice>
      <button type="button" className="link-button" onClick={() => void query.refetch()}>
        {words.page.tryAgain}
      </button>
    </>
  );
}
