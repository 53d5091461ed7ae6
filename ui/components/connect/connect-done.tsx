import { useQuery } from '@tanstack/react-query';
import { isSilence } from '../../data/client.ts';
import { progressQuery } from '../../data/link-queries.ts';
import type { ConnectSession } from '../../../api/schemas/connect.ts';
import { Notice } from '../notice.tsx';
import { MissedMessages } from './missed-messages.tsx';
import { PageHeading } from './page-heading.tsx';
import { Address, Sentence } from './sentence.tsx';
import { useWords } from './speaking.tsx';

/** After a sign-in that worked; for a reauthorized channel with the missed messages counted in. */
export function ConnectDone({ link, session }: { link: string; session: ConnectSession }) {
  const { words, say } = useWords();
  const { done, page, silence } = words;
  const progress = useQuery(progressQuery(link));
  const account = (progress.data?.channel ?? session.channel)?.account.email;
  const first = session.purpose === 'connect';
  const it = progress.data?.import ?? null;
  const changed = session.purpose === 'change_access' || it?.cause === 'access_changed';
  // Nothing is promised before it is known.
  const mode = progress.data?.channel?.import ?? session.channel?.import ?? 'off';
  const tenant = <strong>{session.display_name}</strong>;
  const parts = {
    tenant,
    account: account && <Address>{account}</Address>,
    access: <strong>{session.channel?.access.label}</strong>,
  };
  const title = (code: string) => say(silence[code === 'offline' ? 'offline' : 'mooring_unreachable']);
  return (
    <>
      <PageHeading title={changed ? done.changedHeading : done.heading} />
      {account && (
        <Notice tone="good">
          <Sentence text={first ? done.first : changed ? done.changed : done.again} parts={parts} />
          {words.space}
          {first && mode === 'continuous' && done.fromNowOn}
        </Notice>
      )}
      {it && (!first || it.found > 0) && <MissedMessages it={it} first={first} changed={changed} />}
      {isSilence(progress.failureReason) && (
        <p className="waiting" role="status">
          {say(done.silent, { title: title(progress.failureReason.problem.code) })}
        </p>
      )}
      {!it && !first && mode !== 'off' && progress.data && !progress.failureReason && (
        <p className="waiting" role="status">
          {changed ? done.comparing : done.looking}
        </p>
      )}
      <p className="hint">
        {it?.state === 'running' ? done.goesOn : page.closePage}
        {words.space}
        {done.jobDone}
      </p>
    </>
  );
}
