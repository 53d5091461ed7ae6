import type { ConnectSession } from '../../../api/schemas/connect.ts';
import { Notice } from '../notice.tsx';
import { isOwnLogin } from './next-steps.tsx';
import { PageHeading } from './page-heading.tsx';
import { Sentence } from './sentence.tsx';
import { useWords } from './speaking.tsx';

type PinnedChannel = NonNullable<ConnectSession['channel']>;

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
  const { purpose, shared_mailbox: shared, sign_in: ways } = session;
  const ownLogin = shared !== null && ways.every((way) => isOwnLogin(session, way));
  const heading = again[purpose === 'change_access' ? 'moveHeading' : ownLogin ? 'sharedHeading' : 'heading'];
  // What went wrong with the last attempt matters more than why it was needed.
  const failed = session.result?.status === 'failed';
  const isHealthy = channel.status === 'connected';
  return (
    <>
      <PageHeading title={say(heading, { account })}>
        <Sentence text={heading} parts={{ account: <span className="address">{account}</span> }} />
      </PageHeading>
      {isHealthy && session.purpose === 'reauthorize' && (
        <Notice tone="good" title={again.healthyTitle}>
          {again.healthy}
        </Notice>
      )}
      {!failed && channel.cause !== null && <Cause session={session} channel={channel} cause={channel.cause} />}
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

interface CauseProps {
  session: ConnectSession;
  channel: PinnedChannel;
  cause: NonNullable<PinnedChannel['cause']>;
}

function Cause({ session, channel, cause }: CauseProps) {
  const { words, say, moment, providerParts } = useWords();
  const { access, access_type: accessType, account, status, status_since: since } = channel;
  const parts = { ...providerParts(access.provider, accessType), login: account.login };
  const nothingComes = status === 'reauth_required' && session.import !== 'off';
  return (
    <p className="cause">
      {say(words.causes[cause], parts)}
      {words.space}
      {nothingComes && (
        <Sentence
          text={words.again.since}
          parts={{ tenant: session.display_name, when: <time dateTime={since}>{moment(since)}</time> }}
        />
      )}
    </p>
  );
}
