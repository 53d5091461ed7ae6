import { describeFailure } from '../../words/connect-words.ts';
import type { Failure } from '../../words/connect-words.ts';
import { Copyable } from '../copyable.tsx';
import { Notice } from '../notice.tsx';

interface FailureProps {
  failure: Failure;
  /** Who runs the account, as a sentence names it. */
  provider: string;
  /** The sentence stands at a field already. */
  brief?: boolean;
}

/** Why the last attempt did not work, with the code to copy. */
export function FailureNotice({ failure, provider, brief = false }: FailureProps) {
  const { title, sentence } = describeFailure(failure, provider);
  return (
    <Notice tone="bad" title={title}>
      {brief ? 'Nothing was stored.' : sentence} <Copyable value={failure.code} label="error code" />
    </Notice>
  );
}
