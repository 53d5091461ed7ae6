import { useState } from 'react';
import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { call, ProblemError } from '../../data/client.ts';
import { linkPath } from '../../data/link-queries.ts';
import type { ConnectSession } from '../../../api/schemas/connect.ts';
import type { SignIn } from '../../../api/schemas/sign-in.ts';
import { AdminConsent } from './admin-consent.tsx';
import { lacksAddress, LoginPlace, loginOf } from './login-place.tsx';
import { isOwnLogin, loginFor } from './next-steps.tsx';
import { FailureNotice } from './sign-in-failure.tsx';
import { useWords } from './speaking.tsx';

interface ProviderProps {
  link: string;
  session: ConnectSession;
  way: SignIn;
  /** The sign-in changes how the account is reached. */
  changes: boolean;
}

/** A button per provider at whose page a person can sign in, and what became of the last attempt. */
export function ProviderSignIn({ link, session, way, changes }: ProviderProps) {
  const { words, say } = useWords();
  const authorize = useAuthorize(link, way);
  const [entry, setEntry] = useState({ place: '', address: '' });
  // A password form beside this tells of the last attempt itself.
  const failed = session.result?.status === 'failed' && !way.password ? session.result : null;
  const failure = authorize.error ? problemOf(authorize.error) : failed;
  const wrongLogin = isAbout(authorize.error, 'login');
  const leaving = authorize.isPending || authorize.isSuccess;
  const account = loginFor(session, way, changes);
  const ownLogin = isOwnLogin(session, way);

  const label = (name: string, isLeaving: boolean): string => {
    if (isLeaving) return say(words.choice.leaving, { provider: name });
    if (failure && !wrongLogin && way.oauth.length === 1) {
      const isOther = failure.code === 'account_mismatch' && account && !ownLogin;
      return isOther ? say(words.choice.signInAs, { account }) : words.page.tryAgain;
    }
    return say(words.choice.continueWith, { provider: name });
  };

  return (
    <>
      {failure && !authorize.isPending && !wrongLogin && <FailureNotice {...{ failure, way, ownLogin, changes }} />}
      {session.admin_consent_url !== null && <AdminConsent url={session.admin_consent_url} session={session} />}
      {way.oauth.map(({ provider, label: name, logins }) => (
        <div key={provider}>
          {logins && (
            <LoginPlace
              logins={logins}
              entry={entry}
              known={session.channel?.access_type === way.access_type}
              wrong={wrongLogin}
              onChange={setEntry}
            />
          )}
          <Button
            className="long-label"
            fullWidth
            size="md"
            disabled={leaving || (logins !== null && lacksAddress(entry))}
            onClick={() => authorize.mutate({ provider, login: logins ? loginOf(entry) : undefined })}
          >
            {label(name, leaving && authorize.variables?.provider === provider)}
          </Button>
        </div>
      ))}
    </>
  );
}

function useAuthorize(link: string, way: SignIn) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ provider, login }: { provider: SignIn['oauth'][number]['provider']; login: string | undefined }) =>
      call<{ authorization_url: string }>('POST', `${linkPath(link)}/authorize`, {
        access_type: way.access_type,
        provider,
        login,
      }),
    onSuccess: (answer) => window.location.assign(answer.authorization_url),
    // 410: the link was used or ran out meanwhile; the page then says so.
    onError: (error) => {
      if (error instanceof ProblemError && error.problem.status === 410)
        void client.invalidateQueries({ queryKey: ['link', link] });
    },
  });
}

const isAbout = (error: unknown, field: string): boolean =>
  error instanceof ProblemError && error.problem.errors?.some(({ path }) => path === field) === true;

const problemOf = (error: unknown) => (error instanceof ProblemError ? error.problem : { code: 'unknown', detail: '' });
