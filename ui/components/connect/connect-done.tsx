import { useQuery } from '@tanstack/react-query';
import { isSilence } from '../../data/client.ts';
import { progressQuery } from '../../data/link-queries.ts';
import type { ConnectSession } from '../../../api/schemas/connect.ts';
import { Notice } from '../notice.tsx';
import { ImportReceipt } from '../channel/import-receipt.tsx';

/** After a sign-in that worked; for a reauthorized channel with the missed messages arriving, then the receipt. */
export function ConnectDone({ link, session }: { link: string; session: ConnectSession }) {
  const progress = useQuery(progressQuery(link));
  const account = (progress.data?.channel ?? session.channel)?.account.email;
  const first = session.purpose === 'connect';
  const it = progress.data?.import ?? null;
  // Nothing is promised before it is known.
  const mode = progress.data?.channel?.import ?? session.channel?.import ?? 'off';
  const imports = mode !== 'off';
  return (
    <>
      <title>Connected – Mooring</title>
      <h1>Connected</h1>
      <Notice tone="good">
        {account ? <strong className="address">{account}</strong> : 'The account'} is connected
        {first ? ' to ' : ' again to '}
        <strong>{session.tenant}</strong>. {first && imports && 'Messages that arrive from now on show up there.'}
      </Notice>
      {it && <ImportReceipt it={it} />}
      {isSilence(progress.failureReason) && (
        <p className="waiting" role="status">
          {progress.failureReason.problem.title}. What is left to import is imported all the same; this page shows it
          once the connection is back.
        </p>
      )}
      {!it && !first && imports && progress.data && !progress.failureReason && (
        <p className="waiting" role="status">
          Looking for messages that were missed…
        </p>
      )}
      <p className="hint">
        {it?.state === 'running'
          ? 'This goes on by itself, also when you close this page.'
          : 'You can close this page.'}{' '}
        The link has done its job and cannot be used again.
      </p>
    </>
  );
}
