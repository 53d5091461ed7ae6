import type { AccessType } from '../../../domain/access-type.ts';
import { describeFailure } from '../../words/connect-words.ts';
import type { Failure } from '../../words/connect-words.ts';
import { Copyable } from '../copyable.tsx';
import { Notice } from '../notice.tsx';

interface FailureProps {
  failure: Failure;
  accessType: AccessType;
  /** The sentence stands at a field already. */
  brief?: boolean;
}

/** Why the last attempt did not work, with the code to copy. */
export function FailureNotice({ failure, accessType, brief = false }: FailureProps) {
  const { title, sentence } = describeFailure(failure, accessType);
  return (
    <Notice tone="bad" title={title}>
      {brief ? 'Nothing was stored.' : sentence} <Copyable value={failure.code} label="error code" />
    </Notice>
  );
}
