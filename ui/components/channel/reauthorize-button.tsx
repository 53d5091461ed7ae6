import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { call } from '../../data/client.ts';
import type { Channel } from '../../../api/schemas/channels.ts';
import type { Link } from '../../../api/schemas/links.ts';
import { rememberLink, returnAddress } from '../../data/started-here.ts';
import { Copyable } from '../copyable.tsx';
import { ProblemNotice } from '../notice.tsx';

function makeLink(channel: Channel, returnTo: string | null): Promise<Link> {
  return call<Link>(
    'POST',
    `/v1/channels/${encodeURIComponent(channel.id)}/reauthorize-links`,
    returnTo ? { return_to: returnTo } : {},
  );
}

interface ReauthorizeProps {
  channel: Channel;
  prominent?: boolean;
  describedBy?: string;
}

/** Makes a link and follows it in this tab; it comes back to the channel's page. */
export function ReauthorizeButton({ channel, prominent = false, describedBy }: ReauthorizeProps) {
  const follow = useMutation({
    mutationFn: () => makeLink(channel, returnAddress()),
    onSuccess: (link) => {
      rememberLink(link.url);
      window.location.assign(link.url);
    },
  });
  return (
    <>
      <Button
        variant={prominent ? 'filled' : 'default'}
        disabled={follow.isPending || follow.isSuccess}
        aria-describedby={describedBy}
        onClick={() => follow.mutate()}
      >
        {follow.isPending || follow.isSuccess ? 'Opening the sign-in…' : 'Reauthorize'}
      </Button>
      {follow.error && <ProblemNotice error={follow.error} />}
    </>
  );
}

/** A link to send to the channel's owner; it needs no login here. */
export function OwnerLink({ channel }: { channel: Channel }) {
  const make = useMutation({ mutationFn: () => makeLink(channel, null) });
  const recipient = channel.owner?.email ?? channel.account.login;
  if (make.data) {
    return (
      <p className="owner-link">
        Send this to {recipient}; it needs no login here:{' '}
        <Copyable value={make.data.url} label="link to sign in again" />
      </p>
    );
  }
  return (
    <>
      <button type="button" className="link-button" disabled={make.isPending} onClick={() => make.mutate()}>
        {make.isPending ? 'Making a link…' : `Make a link for ${recipient}`}
      </button>
      {make.error && <ProblemNotice error={make.error} />}
    </>
  );
}
