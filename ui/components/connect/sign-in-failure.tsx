import { Anchor } from '@mantine/core';
import { isSameAddress } from '../../../domain/address.ts';
import type { SignIn } from '../../../api/schemas/sign-in.ts';
import { accountsOf, describeFailure } from '../../words/connect/describe-failure.ts';
import type { Failure } from '../../words/connect/describe-failure.ts';
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
  /** People sign in with a login of their own. */
  ownLogin?: boolean;
  /** The sign-in was to change how the account is reached. */
  changes?: boolean;
}

/** Made up by this page: no one could look them up. */
const OUR_OWN = new Set(['offline', 'mooring_unreachable', 'unknown']);

/** Why the last attempt did not work, with the code to copy. */
export function FailureNotice({ failure, way, brief = false, ownLogin = false, changes = false }: FailureProps) {
  const { words, say, product } = useWords();
  const parts = useProviderParts(way);
  if (failure.code === 'account_mismatch') return <WrongAccount {...{ failure, way, ownLogin, changes }} />;
  const { title, sentence } = describeFailure(words, failure, { ...parts, product });
  return (
    <Notice tone="bad" title={title}>
      {brief ? words.failed.nothingStored : sentence}{' '}
      {failure.page !== undefined && (
        <Anchor href={failure.page} target="_blank" rel="noreferrer">
          {say(words.failed.openPage, parts)}
        </Anchor>
      )}{' '}
      {!OUR_OWN.has(failure.code) && <ErrorCode code={failure.code} />}
    </Notice>
  );
}

/** Names both accounts, and says how to get to the right one. */
function WrongAccount({ failure, way, ownLogin, changes }: Omit<FailureProps, 'brief'>) {
  const { words } = useWords();
  const { mismatch } = words;
  // The server of a former access means nothing at a provider's page.
  const accounts = accountsOf(words, changes && !way.password ? withoutServers(failure) : failure);
  const parts = {
    ...useProviderParts(way),
    expected: <Address>{changes && failure.expected ? failure.expected.email : accounts.expected}</Address>,
    received: <Address>{accounts.received}</Address>,
  };
  return (
    <Notice tone="bad" title={mismatch.title}>
      <dl className="two-accounts">
        <dt>{mismatch.signedInAs}</dt>
        <dd>{parts.received}</dd>
        <dt>{mismatch.linkIsFor}</dt>
        <dd>
          <Address>{accounts.expected}</Address>
        </dd>
      </dl>
      <p>
        {mismatch.nothingChanged}
        {words.space}
        {changes && words.change.onlySame + words.space}
        <Sentence text={wayOut()} parts={parts} />
      </p>
    </Notice>
  );

  function wayOut(): string {
    const { expected, received } = failure;
    if (changes && expected && received && isSameAddress(expected.email, received.email)) return words.change.notThere;
    return mismatch[way.password ? 'switchPassword' : ownLogin ? 'switchLogin' : 'switchAt'];
  }
}

function withoutServers({ expected, received, ...failure }: Failure): Failure {
  return {
    ...failure,
    ...(expected && { expected: { email: expected.email } }),
    ...(received && { received: { email: received.email } }),
  };
}

function ErrorCode({ code }: { code: string }) {
  const { words } = useWords();
  return <Copyable value={code} label={words.page.errorCode} words={words.page} />;
}

export function useProviderParts(way: SignIn): { provider: string; at: string } {
  const { words, providerParts } = useWords();
  return providerParts(namesOf(way, words.or), way.password ? way.access_type : undefined);
}
