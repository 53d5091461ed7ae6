import type { ReactNode } from 'react';
import type { ConnectSession } from '../../../api/schemas/connect.ts';
import type { SignIn } from '../../../api/schemas/sign-in.ts';
import { Address, Sentence } from './sentence.tsx';
import { useWords } from './speaking.tsx';

/** What will happen, before a person signs in. */
export function NextSteps({ session, way }: { session: ConnectSession; way: SignIn }) {
  const { words, providerParts } = useWords();
  const { steps } = words;
  const account = session.channel?.account.login;
  const parts = {
    ...providerParts(namesOf(way, words.or), way.password ? way.access_type : undefined),
    tenant: <strong>{session.display_name}</strong>,
    account: account && <Address>{account}</Address>,
    mailbox: session.shared_mailbox && <Address>{session.shared_mailbox}</Address>,
  };
  // Beside a form nothing is promised of a provider's page.
  const texts = way.password
    ? [steps.enterPassword, ...(way.password.smtp && session.uses.includes('send') ? [steps.canSend] : []), outcome()]
    : [
        isOwnLogin(session, way) ? steps.signInOwn : account ? steps.signInAs : steps.signIn,
        session.uses.includes('send') ? steps.allowSend : steps.allowRead,
        outcome(),
      ];
  // Nothing is missed at an account that works.
  if (session.channel?.status === 'connected') texts.pop();
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

  function outcome(): string {
    if (session.channel) return session.import === 'off' ? steps.canUseAgain : steps.missed;
    return session.import === 'continuous' && way.imports ? steps.fromNowOn : steps.canUse;
  }
}

/** Whether people sign in with their own login, to a mailbox that several share. */
export function isOwnLogin({ shared_mailbox: mailbox }: ConnectSession, { oauth, password }: SignIn): boolean {
  return mailbox !== null && password === null && oauth.every(({ reads_shared: readsShared }) => readsShared);
}

/** “Google or Microsoft”. */
export function namesOf({ oauth, password, provider }: SignIn, or: string): string {
  return password ? provider : oauth.map(({ label }) => label).join(` ${or} `);
}
