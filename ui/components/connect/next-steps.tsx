import type { ReactNode } from 'react';
import type { ConnectSession } from '../../../api/schemas/connect.ts';
import type { SignIn } from '../../../api/schemas/sign-in.ts';
import { Address, Sentence } from './sentence.tsx';
import { useWords } from './speaking.tsx';

interface StepsProps {
  session: ConnectSession;
  way: SignIn;
  /** The sign-in changes how the account is reached. */
  changes: boolean;
}

/** What will happen, before a person signs in. */
export function NextSteps({ session, way, changes }: StepsProps) {
  const { words, providerParts } = useWords();
  const { steps } = words;
  const account = loginFor(session, way, changes);
  const parts = {
    ...providerParts(namesOf(way, words.or), way.password ? way.access_type : undefined),
    tenant: <strong>{session.display_name}</strong>,
    account: account && <Address>{account}</Address>,
    mailbox: session.shared_mailbox && <Address>{session.shared_mailbox}</Address>,
  };
  // Beside a form nothing is promised of a provider's page.
  const texts = way.password
    ? [steps.enterPassword, ...(way.password.smtp && session.uses.includes('send') ? [steps.canSend] : [])]
    : [
        isOwnLogin(session, way) ? steps.signInOwn : account ? steps.signInAs : steps.signIn,
        session.uses.includes('send') ? steps.allowSend : steps.allowRead,
      ];
  texts.push(...outcome());
  return (
    <section className="next-steps" aria-labelledby="next-steps">
      <h2 id="next-steps">{steps.title}</h2>
      <ol>
        {texts.map((text): ReactNode => (
          <li key={text}>
            <span>
              <Sentence text={text} parts={parts} />
            </span>
          </li>
        ))}
      </ol>
    </section>
  );

  function outcome(): string[] {
    const { channel, import: mode } = session;
    if (changes) return [steps.sameAccount, mode === 'off' ? steps.staysUsed : steps.stays, steps.wayBack];
    // Nothing is missed at an account that works.
    if (channel?.status === 'connected') return [];
    if (channel) return [mode === 'off' ? steps.canUseAgain : steps.missed];
    return [mode === 'continuous' && way.imports ? steps.fromNowOn : steps.canUse];
  }
}

/** Who has to sign in, where it is known: another access of the same type is another login's. */
export function loginFor({ channel }: ConnectSession, way: SignIn, changes: boolean): string | undefined {
  if (!changes) return channel?.account.login;
  return way.access_type === channel?.access_type ? undefined : channel?.account.email;
}

/** Whether people sign in with their own login, to a mailbox that several share. */
export function isOwnLogin({ shared_mailbox: mailbox }: ConnectSession, { oauth, password }: SignIn): boolean {
  return mailbox !== null && password === null && oauth.every(({ reads_shared: readsShared }) => readsShared);
}

/** “Google or Microsoft”. */
export function namesOf({ oauth, password, provider }: SignIn, or: string): string {
  return password ? provider : oauth.map(({ label }) => label).join(` ${or} `);
}
