import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { useParams } from 'react-router';
import { ProblemError } from '../data/client.ts';
import { useTime } from '../components/clock.tsx';
import { ConnectDone } from '../components/connect/connect-done.tsx';
import { LinkOver, UnknownLink } from '../components/connect/link-over.tsx';
import { Opening } from '../components/connect/opening.tsx';
import { PageFrame } from '../components/connect/page-frame.tsx';
import { Request } from '../components/connect/request/request.tsx';
import { ChangeAccess, OtherWays } from '../components/connect/access/change-access.tsx';
import { SignInChoice } from '../components/connect/sign-in-choice.tsx';
import { WayBack } from '../components/connect/way-back.tsx';
import { linkQuery, pageBrandingQuery } from '../data/link-queries.ts';
import { linkState, waysAmong } from '../data/link-state.ts';
import { useChosenWay } from '../data/chosen-way.ts';
import type { AccessType } from '../../domain/access-type.ts';
import type { ConnectSession } from '../../api/schemas/connect.ts';

/** The page behind a link: for the person who owns the account, on any device, without a login to anything of ours. */
export function ConnectPage() {
  const { link = '' } = useParams();
  const session = useQuery(linkQuery(link));
  const unknown = isUnknown(session.error);
  const branding = useQuery({ ...pageBrandingQuery, enabled: unknown });
  return (
    <PageFrame branding={session.data?.branding ?? branding.data} locale={session.data?.locale}>
      {session.data ? (
        <OpenLink link={link} session={session.data} />
      ) : unknown ? (
        <UnknownLink />
      ) : (
        <Opening query={session} />
      )}
      {session.data && <WayBack link={link} session={session.data} />}
    </PageFrame>
  );
}

function isUnknown(error: unknown): boolean {
  return error instanceof ProblemError && [400, 404, 410].includes(error.problem.status);
}

function OpenLink({ link, session }: { link: string; session: ConnectSession }) {
  const state = useTime((now) => linkState(session, now));
  if (state === 'connected') return <ConnectDone link={link} session={session} />;
  if (state !== 'open') return <LinkOver link={link} session={session} state={state} />;
  return <SignInPage link={link} session={session} />;
}

/** Signing in; for a link that changes the access, or a person who chose another one at a link to sign in again, the change. */
function SignInPage({ link, session: told }: { link: string; session: ConnectSession }) {
  const [seen, setSeen] = useState<ConnectSession['result']>(null);
  // The failure of an earlier choice is none of the next one.
  const session = seen !== null && seen === told.result ? { ...told, result: null } : told;
  const { channel, purpose } = session;
  const ways = waysAmong(session, session.access_types);
  const others = waysAmong(session, session.other_access_types);
  const isChange = purpose === 'change_access';
  const own = isChange ? null : (channel?.access_type ?? null);
  const [chosen, setChosen] = useChosenWay(link, own);
  const choose = (accessType: AccessType | null) => {
    setSeen(told.result);
    setChosen(accessType);
  };
  const isOther = others.some(({ access_type: type }) => type === chosen);
  if (channel && (isChange || isOther)) {
    const change = { link, session, channel, chosen, onChoose: choose };
    if (isChange) return <ChangeAccess {...change} ways={ways} />;
    return <ChangeAccess {...change} ways={others} onLeave={() => choose(own)} />;
  }
  return (
    <>
      <Request session={session} />
      <SignInChoice link={link} session={session} ways={ways} chosen={chosen} onChoose={choose} />
      {others.length > 0 && <OtherWays session={session} ways={others} onChoose={choose} />}
    </>
  );
}
