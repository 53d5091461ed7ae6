import type { SignIn } from '../../../api/schemas/sign-in.ts';
import { accountsOf, describeFailure } from '../../words/connect/failures.ts';
import type { Failure } from '../../words/connect/failures.ts';
import { Copyable } from '../copyable.tsx';
import { Notice } from '../notice.tsx';
import { namesOf } from './next-steps.tsx';
import { Address, Sentence } from './sentence.tsx';
import { useWords } from './speaking.tsx';

interface FailureProps {
  failure: Failure;
  way: SignIn;
  /** The sentence stands at a field already. */
  brief?: boolean;
}

/** Why the last attempt did not work, with the code to copy. */
export function FailureNotice({ failure, way, brief = false }: FailureProps) {
  const { words, product } = useWords();
  const parts = useProviderParts(way);
  if (failure.code === 'account_mismatch') return <WrongAccount failure={failure} way={way} />;
  const { title, sentence } = describeFailure(words, failure, { ...parts, product });
  return (
    <Notice tone="bad" title={title}>
      {brief ? words.failed.nothingStored : sentence} <ErrorCode code={failure.code} />
    </Notice>
  );
}

/** Names both accounts, and says how to get to the right one. */
function WrongAccount({ failure, way }: Omit<FailureProps, 'brief'>) {
  const { words } = useWords();
  const { mismatch } = words;
  const accounts = accountsOf(words, failure);
  const parts = {
    ...useProviderParts(way),
    expected: <Address>{accounts.expected}</Address>,
    received: <Address>{accounts.received}</Address>,
  };
  return (
    <Notice tone="bad" title={mismatch.title}>
      <p>
        <Sentence text={mismatch.sentence} parts={parts} /> {mismatch.nothingChanged}
      </p>
      <p className="how-to-switch">
        <Sentence text={way.oauth.length > 0 ? mismatch.switchAt : mismatch.switchPassword} parts={parts} />
      </p>
    </Notice>
  );
}

function ErrorCode({ code }: { code: string }) {
  const { words } = useWords();
  return <Copyable value={code} label={words.page.errorCode} words={words.page} />;
}

export function useProviderParts(way: SignIn): { provider: string; at: string } {
  const { words, providerParts } = useWords();
  return providerParts(namesOf(way, words.or), way.oauth.length > 0 ? undefined : way.access_type);
}
