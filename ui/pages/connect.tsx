import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { ProblemError } from '../data/client.ts';
import { useTime } from '../components/clock.tsx';
import { AdminConsent } from '../components/connect/admin-consent.tsx';
import { ConnectDone } from '../components/connect/connect-done.tsx';
import { Loading } from '../components/loading.tsx';
import { Notice } from '../components/notice.tsx';
import { SignInChoice } from '../components/connect/sign-in-choice.tsx';
import { Wordmark } from '../components/wordmark.tsx';
import { linkQuery } from '../data/link-queries.ts';
import type { ConnectSession } from '../../api/schemas/connect.ts';
import { explain } from '../words/words.ts';

/** The page behind a link: for the person who owns the account, on any device, without a login to anything of ours. */
export function ConnectPage() {
  const { link = '' } = useParams();
  const session = useQuery(linkQuery(link));
  return (
    <main className="narrow connect">
      <div className="card">
        <Wordmark />
        {session.data ? (
          <OpenLink link={link} session={session.data} />
        ) : isUnknown(session.error) ? (
          <Unknown />
        ) : (
          <Loading query={session}>Opening the link…</Loading>
        )}
      </div>
    </main>
  );
}

function isUnknown(error: unknown): boolean {
  return error instanceof ProblemError && [400, 404, 410].includes(error.problem.status);
}

function Unknown() {
  return (
    <>
      <title>Link not known – Mooring</title>
      <h1>This link is not known</h1>
      <p>
        Please check that the address was copied whole. If it came by mail, open it from there again, or ask for a new
        one.
      </p>
    </>
  );
}

function OpenLink({ link, session }: { link: string; session: ConnectSession }) {
  const expired = useTime((now) => (Date.parse(session.expires_at) <= now ? 1 : 0)) === 1;
  if (session.result?.status === 'connected') return <ConnectDone link={link} session={session} />;
  if (session.done) return <Used />;
  if (expired) return <Expired session={session} />;
  return (
    <>
      <Heading session={session} />
      <SignInChoice link={link} session={session} />
      {session.admin_consent_url !== null && <AdminConsent url={session.admin_consent_url} />}
    </>
  );
}

function Heading({ session }: { session: ConnectSession }) {
  const { channel } = session;
  if (channel === null) {
    return (
      <>
        <title>Connect your account – Mooring</title>
        <h1>Connect your account</h1>
        <p>
          <strong>{session.tenant}</strong> asks to connect your mailbox, so that its messages are there as well. You
          can end this at any time.
        </p>
      </>
    );
  }
  const account = channel.account.email;
  const moving = session.purpose === 'change_access';
  return (
    <>
      <title>{moving ? 'Change access – Mooring' : 'Sign in again – Mooring'}</title>
      <h1>
        {moving ? 'Change how we reach' : 'Sign in again as'} <span className="address">{account}</span>
      </h1>
      {session.purpose === 'reauthorize' && channel.status === 'connected' && (
        <Notice tone="good" title="This account is connected">
          Nothing has to be done at the moment. If you want to renew the access all the same, sign in below.
        </Notice>
      )}
      <p>
        {channel.status_reason !== null && <>{causeFor(session, account)} </>}
        {channel.status === 'connected' ? (
          <>
            <strong>{session.tenant}</strong> keeps its access.
          </>
        ) : channel.import === 'off' ? (
          <>
            <strong>{session.tenant}</strong> can then use it again.
          </>
        ) : (
          <>
            The messages that arrived meanwhile are then fetched for <strong>{session.tenant}</strong>; nothing is lost.
          </>
        )}
      </p>
    </>
  );
}

function causeFor(session: ConnectSession, account: string): string {
  if (session.channel === null) return '';
  return explain({
    status: 'reauth_required',
    status_reason: session.channel.status_reason,
    access: session.channel.access,
    account: { email: account, login: account, provider_id: '' },
    action: 'reauthorize',
    owner: null,
    kind: 'individual',
    tenant: session.tenant,
    import: session.channel.import,
  }).cause;
}

function Used() {
  return (
    <>
      <title>Link used – Mooring</title>
      <h1>This link has been used</h1>
      <p>
        A link works for one sign-in only, and this one is done. If something still does not work, ask for a new link.
      </p>
    </>
  );
}

function Expired({ session }: { session: ConnectSession }) {
  const account = session.channel?.account.email;
  return (
    <>
      <title>Link expired – Mooring</title>
      <h1>This link has expired</h1>
      <Notice tone="warn">
        For safety, links work for a limited time only. Nothing was changed and nothing is lost.
      </Notice>
      <p>
        Ask {session.tenant} for a new link
        {account && (
          <>
            {' '}
            for {session.channel?.access.label} and <span className="address">{account}</span>
          </>
        )}
        ; it does the same as this one would have done.
      </p>
    </>
  );
}
