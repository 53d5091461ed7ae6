import type { AccessType } from '../../../../domain/access-type.ts';
import type { SignIn } from '../../../../api/schemas/sign-in.ts';
import type { ConnectSession } from '../../../../api/schemas/connect.ts';
import { Notice } from '../../notice.tsx';
import { Cause } from '../request/cause.tsx';
import type { PinnedChannel } from '../request/cause.tsx';
import { PageHeading } from '../page-heading.tsx';
import { Sentence } from '../sentence.tsx';
import { useWords } from '../speaking.tsx';
import { WayIn } from './way-in.tsx';
import { Ways } from './ways.tsx';

interface ChangeProps {
  link: string;
  session: ConnectSession;
  channel: PinnedChannel;
  /** The accesses that it can change to. */
  ways: readonly SignIn[];
  /** null: not chosen yet. */
  chosen: AccessType | null;
  onChoose: (accessType: AccessType | null) => void;
  /** On a page to sign in again: back to the access that the account has. */
  onLeave?: () => void;
}

/** How an account is reached, by what it can be from now on, and what will happen. */
export function ChangeAccess({ link, session, channel, ways, chosen, onChoose, onLeave }: ChangeProps) {
  const { words, say } = useWords();
  const { again, change } = words;
  const account = channel.account.email;
  const way = ways.find(({ access_type: type }) => type === chosen) ?? (ways.length === 1 ? ways[0] : undefined);
  return (
    <>
      <PageHeading title={say(again.moveHeading, { account })}>
        <Sentence text={again.moveHeading} parts={{ account: <span className="address">{account}</span> }} />
      </PageHeading>
      {session.result?.status !== 'failed' && <Today session={session} channel={channel} />}
      {ways.length === 0 && <Notice tone="bad">{words.choice.noneOffered}</Notice>}
      {way && <WayIn key={way.access_type} link={link} session={session} way={way} changes />}
      {!way && ways.length > 0 && <Choice session={session} ways={ways} onChoose={onChoose} />}
      {way && (ways.length > 1 || onLeave) && (
        <p className="link-row">
          {!onLeave && (
            <button type="button" className="link-button" onClick={() => onChoose(null)}>
              {change.another}
            </button>
          )}
          {onLeave && (
            <button type="button" className="link-button" onClick={onLeave}>
              {change.before}
            </button>
          )}
        </p>
      )}
    </>
  );
}

/** Why it is not reached, if it is not, and how. */
function Today({ session, channel }: Pick<ChangeProps, 'session' | 'channel'>) {
  const { words } = useWords();
  const parts = { tenant: <strong>{session.display_name}</strong>, access: <strong>{channel.access.label}</strong> };
  return (
    <>
      <Cause session={session} channel={channel} />
      <p>
        <Sentence text={words.change.today} parts={parts} />
      </p>
    </>
  );
}

function Choice({ session, ways, onChoose }: Pick<ChangeProps, 'session' | 'ways' | 'onChoose'>) {
  const { words } = useWords();
  const { steps, change } = words;
  return (
    <section className="ways-choice" aria-labelledby="which-way">
      <h2 id="which-way">{change.which}</h2>
      <Ways session={session} ways={ways} onChoose={onChoose} />
      <p className="hint">
        <Sentence
          text={session.import === 'off' ? steps.staysUsed : steps.stays}
          parts={{ tenant: <strong>{session.display_name}</strong> }}
        />
      </p>
    </section>
  );
}

/** On a page to sign in again, after its own way: the others, for an account that has moved. */
export function OtherWays({ session, ways, onChoose }: Pick<ChangeProps, 'session' | 'ways' | 'onChoose'>) {
  const { words } = useWords();
  return (
    <section className="ways-choice other-ways" aria-labelledby="other-ways">
      <h2 id="other-ways">{words.change.moved}</h2>
      <p className="hint">{words.change.movedHint}</p>
      <Ways session={session} ways={ways} onChoose={onChoose} />
    </section>
  );
}
