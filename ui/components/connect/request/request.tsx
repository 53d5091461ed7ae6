import type { ConnectSession } from '../../../../api/schemas/connect.ts';
import { waysAmong } from '../../../data/link-state.ts';
import { Notice } from '../../notice.tsx';
import { Cause } from './cause.tsx';
import type { PinnedChannel } from './cause.tsx';
import { isOwnLogin } from '../next-steps.tsx';
import { PageHeading } from '../page-heading.tsx';
import { Sentence } from '../sentence.tsx';
import { useWords } from '../speaking.tsx';

/** Who asks for what, and why. */
export function Request({ session }: { session: ConnectSession }) {
  return session.channel ? (
    <RequestAgain session={session} channel={session.channel} />
  ) : (
    <FirstRequest session={session} />
  );
}

function FirstRequest({ session }: { session: ConnectSession }) {
  const { words } = useWords();
  const { heading, asks, asksAccess, endAnyTime } = words.connect;
  return (
    <>
      <PageHeading title={heading} />
      <p>
        <Sentence
          text={session.import === 'off' ? asksAccess : asks}
          parts={{ tenant: <strong>{session.display_name}</strong> }}
        />
        {words.space}
        {endAnyTime}
      </p>
    </>
  );
}

function RequestAgain({ session, channel }: { session: ConnectSession; channel: PinnedChannel }) {
  const { words, say } = useWords();
  const { again } = words;
  const account = channel.account.email;
  const { shared_mailbox: shared } = session;
  const ways = waysAmong(session, session.access_types);
  const ownLogin = shared !== null && ways.every((way) => isOwnLogin(session, way));
  const heading = again[ownLogin ? 'sharedHeading' : 'heading'];
  // What went wrong with the last attempt matters more than why it was needed.
  const failed = session.result?.status === 'failed';
  const isHealthy = channel.status === 'connected';
  return (
    <>
      <PageHeading title={say(heading, { account })}>
        <Sentence text={heading} parts={{ account: <span className="address">{account}</span> }} />
      </PageHeading>
      {isHealthy && (
        <Notice tone="good" title={again.healthyTitle}>
          {again.healthy}
        </Notice>
      )}
      {!failed && <Cause session={session} channel={channel} />}
      {!failed && (
        <p>
          <Sentence
            text={isHealthy ? again.keeps : session.import === 'off' ? again.thenUsed : again.thenFetched}
            parts={{ tenant: <strong>{session.display_name}</strong> }}
          />
        </p>
      )}
    </>
  );
}
