import { useState } from 'react';
import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { AccessType } from '../../../domain/access-type.ts';
import { call, ProblemError } from '../../data/client.ts';
import { linkPath } from '../../data/link-queries.ts';
import type { ConnectSession } from '../../../api/schemas/connect.ts';
import { ACCESS_WORDS } from '../../words/words.ts';
import { Notice, ProblemNotice } from '../notice.tsx';
import { PasswordForm } from './password-form.tsx';
import { FailureNotice } from './sign-in-failure.tsx';

interface ChoiceProps {
  link: string;
  session: ConnectSession;
}

/** Which kind of account it is (asked only if there is a choice), then the way to sign in. */
export function SignInChoice({ link, session }: ChoiceProps) {
  const [chosen, setChosen] = useState<AccessType | null>(session.channel?.access_type ?? null);
  const types = session.access_types;
  const accessType = types.length === 1 ? types[0] : types.find((type) => type === chosen);
  return (
    <>
      {types.length === 0 && (
        <Notice tone="bad">This link allows no kind of account. Please ask whoever sent it.</Notice>
      )}
      {types.length > 1 && (
        <fieldset className="choices">
          <legend>What kind of account is it?</legend>
          {types.map((type) => (
            <label key={type} className="choice">
              <input type="radio" name="access-type" checked={type === accessType} onChange={() => setChosen(type)} />
              <span>
                <strong>{ACCESS_WORDS[type].name}</strong>
                <span className="meta">{ACCESS_WORDS[type].hint}</span>
              </span>
            </label>
          ))}
        </fieldset>
      )}
      {accessType && signsInHere(accessType) && (
        <PasswordForm key={accessType} link={link} session={session} accessType={accessType} />
      )}
      {accessType && !signsInHere(accessType) && (
        <ProviderSignIn link={link} session={session} accessType={accessType} />
      )}
    </>
  );
}

function signsInHere(accessType: AccessType): boolean {
  return accessType === 'imap' || accessType === 'exchange';
}

function ProviderSignIn({ link, session, accessType }: ChoiceProps & { accessType: AccessType }) {
  const client = useQueryClient();
  const { provider } = ACCESS_WORDS[accessType];
  const failure = session.result?.status === 'failed' ? session.result : null;
  const account = session.channel?.account.email;
  const authorize = useMutation({
    mutationFn: () =>
      call<{ authorization_url: string }>('POST', `${linkPath(link)}/authorize`, { access_type: accessType }),
    onSuccess: (answer) => window.location.assign(answer.authorization_url),
    // 410: the link was used or ran out meanwhile; the page then says so.
    onError: (error) => {
      if (error instanceof ProblemError && error.problem.status === 410)
        void client.invalidateQueries({ queryKey: ['link', link] });
    },
  });
  const leaving = authorize.isPending || authorize.isSuccess;
  return (
    <>
      {failure && <FailureNotice failure={failure} accessType={accessType} />}
      {authorize.error && <ProblemNotice error={authorize.error} />}
      <Button fullWidth size="md" disabled={leaving} onClick={() => authorize.mutate()}>
        {leaving ? `Opening ${provider}…` : failure ? 'Try again' : `Continue with ${provider}`}
      </Button>
      <p className="hint">
        You sign in at {provider}; your password is never seen here.
        {account && (
          <>
            {' '}
            If {provider} asks which account, choose <strong className="address">{account}</strong>.
          </>
        )}
      </p>
    </>
  );
}
