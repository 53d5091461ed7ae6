import type { ConnectSession } from '../../../../api/schemas/connect.ts';
import { Sentence } from '../sentence.tsx';
import { useWords } from '../speaking.tsx';

export type PinnedChannel = NonNullable<ConnectSession['channel']>;

/** Why a channel needs a person, and since when nothing comes; nothing where it works. */
export function Cause({ session, channel }: { session: ConnectSession; channel: PinnedChannel }) {
  const { words, say, moment, providerParts } = useWords();
  const { access, access_type: accessType, account, cause, status, status_since: since } = channel;
  if (cause === null) return null;
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
