import { useState } from 'react';
import type { AccessType } from '../../../domain/access-type.ts';
import type { ConnectSession } from '../../../api/schemas/connect.ts';
import { Notice } from '../notice.tsx';
import { NextSteps } from './next-steps.tsx';
import { PasswordForm } from './password-form.tsx';
import { ProviderSignIn } from './provider-sign-in.tsx';
import { useWords } from './speaking.tsx';

interface ChoiceProps {
  link: string;
  session: ConnectSession;
}

/** Which kind of account it is (asked only if there is a choice), what will happen, then the ways to sign in. */
export function SignInChoice({ link, session }: ChoiceProps) {
  const { words } = useWords();
  const [chosen, setChosen] = useState<AccessType | null>(session.channel?.access_type ?? null);
  const offered = session.sign_in;
  const way = offered.length === 1 ? offered[0] : offered.find(({ access_type: type }) => type === chosen);
  return (
    <>
      {offered.length === 0 && <Notice tone="bad">{words.choice.noneOffered}</Notice>}
      {offered.length > 1 && (
        <fieldset className="choices">
          <legend>{words.choice.whichAccount}</legend>
          {offered.map(({ access_type: type, label, hint }) => (
            <label key={type} className="choice">
              <input type="radio" name="access-type" checked={type === chosen} onChange={() => setChosen(type)} />
              <span>
                <strong>{label}</strong>
                <span className="meta">{words.choice.hints[type] ?? hint}</span>
              </span>
            </label>
          ))}
        </fieldset>
      )}
      {way && session.result === null && <NextSteps session={session} way={way} />}
      {way && way.oauth.length > 0 && <ProviderSignIn link={link} session={session} way={way} />}
      {way?.password && (
        <PasswordForm key={way.access_type} link={link} session={session} way={way} asks={way.password} />
      )}
    </>
  );
}
