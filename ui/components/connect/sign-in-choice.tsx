import { useState } from 'react';
import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { AccessType } from '../../../domain/access-type.ts';
import { call, ProblemError } from '../../data/client.ts';
import { linkPath } from '../../data/link-queries.ts';
import type { ConnectSession } from '../../../api/schemas/connect.ts';
import type { SignIn } from '../../../api/schemas/sign-in.ts';
import { Notice, ProblemNotice } from '../notice.tsx';
import { PasswordForm } from './password-form.tsx';
import { FailureNotice } from './sign-in-failure.tsx';

interface ChoiceProps {
  link: string;
  session: ConnectSession;
}

/** Which kind of account it is (asked only if there is a choice), then the ways to sign in. */
export function SignInChoice({ link, session }: ChoiceProps) {
  const [chosen, setChosen] = useState<AccessType | null>(session.channel?.access_type ?? null);
  const offered = session.sign_in;
  const way = offered.length === 1 ? offered[0] : offered.find(({ access_type: type }) => type === chosen);
  return (
    <>
      {offered.length === 0 && <Notice tone="bad">This link allows no kind of account. Please ask its sender.</Notice>}
      {offered.length > 1 && (
        <fieldset className="choices">
          <legend>What kind of account is it?</legend>
          {offered.map(({ access_type: type, label, hint }) => (
            <label key={type} className="choice">
              <input type="radio" name="access-type" checked={type === chosen} onChange={() => setChosen(type)} />
              <span>
                <strong>{label}</strong>
                <span className="meta">{hint}</span>
              </span>
            </label>
          ))}
        </fieldset>
      )}
      {way && way.oauth.length > 0 && <ProviderSignIn link={link} session={session} way={way} />}
      {way?.password && (
        <PasswordForm key={way.access_type} link={link} session={session} way={way} asks={way.password} />
      )}
    </>
  );
}

function ProviderSignIn({ link, session, way }: ChoiceProps & { way: SignIn }) {
  const client = useQueryClient();
  // A password form beside this tells of the last attempt itself.
  const failure = session.result?.status === 'failed' && !way.password ? session.result : null;
  const account = session.channel?.account.email;
  const authorize = useMutation({
    mutationFn: (provider: SignIn['oauth'][number]['provider']) =>
      call<{ authorization_url: string }>('POST', `${linkPath(link)}/authorize`, {
        access_type: way.access_type,
        provider,
      }),
    onSuccess: (answer) => window.location.assign(answer.authorization_url),
    // 410: the link was used or ran out meanwhile; the page then says so.
    onError: (error) => {
      if (error instanceof ProblemError && error.problem.status === 410)
        void client.invalidateQueries({ queryKey: ['link', link] });
    },
  });
  const leaving = authorize.isPending || authorize.isSuccess;
  const names = way.oauth.map(({ label }) => label).join(' or ');
  return (
    <>
      {failure && <FailureNotice failure={failure} provider={way.provider} />}
      {authorize.error && <ProblemNotice error={authorize.error} />}
      {way.oauth.map(({ provider, label }) => (
        <Button key={provider} fullWidth size="md" disabled={leaving} onClick={() => authorize.mutate(provider)}>
          {leaving && authorize.variables === provider
            ? `Opening ${label}…`
            : failure && way.oauth.length === 1
              ? 'Try again'
              : `Continue with ${label}`}
        </Button>
      ))}
      <p className="hint">
        You sign in at {names}; your password is never seen here.
        {account && (
          <>
            {' '}
            If {names} asks which account, choose <strong className="address">{account}</strong>.
          </>
        )}
      </p>
    </>
  );
}
