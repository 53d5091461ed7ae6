import { useState } from 'react';
import { Button, Checkbox, Modal } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { Channel } from '../../../../api/schemas/channels.ts';
import type { Link, ReauthorizeRequest } from '../../../../api/schemas/links.ts';
import type { SignIn } from '../../../../api/schemas/sign-in.ts';
import type { AccessType } from '../../../../domain/access-type.ts';
import { call } from '../../../data/client.ts';
import { sessionQuery } from '../../../data/queries.ts';
import { policyQuery } from '../../../data/settings-queries.ts';
import { rememberLink, returnAddress } from '../../../data/started-here.ts';
import { ProblemNotice } from '../../notice.tsx';
import { LinkToSend } from './link-to-send.tsx';

interface DialogProps {
  channel: Channel;
  opened: boolean;
  onClose: () => void;
}

/** Chooses the ways that a link offers, then follows it in this tab or shows it for another person. */
export function ChangeDialog({ channel, opened, onClose }: DialogProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={`Change how ${channel.account.email} is reached`}
      size="lg"
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <ChangeForm channel={channel} />
    </Modal>
  );
}

interface Wish {
  /** null: all that are allowed, but the channel's own. */
  accessTypes: AccessType[] | null;
  otherServer: boolean;
  attested: boolean;
}

function ChangeForm({ channel }: { channel: Channel }) {
  const [wish, setWish] = useState<Wish>({ accessTypes: null, otherServer: false, attested: false });
  const offered = useOffered(channel);
  const chosen =
    wish.accessTypes ??
    offered.flatMap(({ way, isAllowed }) =>
      isAllowed && way.access_type !== channel.access_type ? way.access_type : [],
    );
  const { follow, send } = useLinks(channel, { ...wish, accessTypes: chosen });
  const change = (part: Partial<Wish>) => {
    send.reset();
    setWish({ ...wish, ...part });
  };
  const isLeaving = follow.isPending || follow.isSuccess;
  const isBusy = isLeaving || send.isPending || chosen.length === 0;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        follow.mutate();
      }}
    >
      <p>
        The channel, its history and its settings stay. The new access is taken only if it reaches the same account;
        mail since the last stored one is compared. For an hour you can go back.
      </p>
      <ChosenWays {...{ channel, offered, chosen }} onChange={(accessTypes) => change({ accessTypes })} />
      <SpecialCases wish={wish} onChange={change} />
      {(follow.error ?? send.error) && <ProblemNotice error={follow.error ?? send.error} />}
      {send.data && <LinkToSend channel={channel} link={send.data} />}
      <div className="actions">
        <Button type="submit" disabled={isBusy}>
          {isLeaving ? 'Opening the page…' : 'Change it here'}
        </Button>
        <Button variant="default" disabled={isBusy} onClick={() => send.mutate()}>
          {send.isPending ? 'Making a link…' : 'Make a link to send'}
        </Button>
      </div>
    </form>
  );
}

/** A link that this tab follows and that comes back to the channel's page, and one for another person. */
function useLinks(channel: Channel, { accessTypes, otherServer, attested }: Wish & { accessTypes: AccessType[] }) {
  const make = (returnTo: string | null) =>
    call<Link>('POST', `/v1/channels/${encodeURIComponent(channel.id)}/reauthorize-links`, {
      purpose: 'change_access',
      access_types: accessTypes,
      ...(otherServer && { allow_server_change: true }),
      ...(attested && { attested: true }),
      ...(returnTo !== null && { return_to: returnTo }),
    } satisfies ReauthorizeRequest);
  const follow = useMutation({
    mutationFn: () => make(returnAddress()),
    onSuccess: (link) => {
      rememberLink(link.url);
      window.location.assign(link.url);
    },
  });
  return { follow, send: useMutation({ mutationFn: () => make(null) }) };
}

interface ChosenProps {
  channel: Channel;
  offered: Offered[];
  chosen: AccessType[];
  onChange: (chosen: AccessType[]) => void;
}

function ChosenWays({ channel, offered, chosen, onChange }: ChosenProps) {
  return (
    <fieldset className="choices">
      <legend>Ways to choose from</legend>
      {offered.map(({ way, isAllowed }) => (
        <Way
          key={way.access_type}
          {...{ channel, way, isAllowed }}
          checked={chosen.includes(way.access_type)}
          onChange={(checked) =>
            onChange(
              checked ? [...chosen, way.access_type] : chosen.filter((accessType) => accessType !== way.access_type),
            )
          }
        />
      ))}
    </fieldset>
  );
}

interface Offered {
  way: SignIn;
  isAllowed: boolean;
}

/** What can reach the channel's account, and whether its tenant's policy allows it; a key may not read that policy. */
function useOffered(channel: Channel): Offered[] {
  const ways = useQuery(sessionQuery).data?.sign_in ?? [];
  const allowed = useQuery({ ...policyQuery(channel.tenant), retry: false }).data?.access_types ?? null;
  const own = ways.find(({ access_type: type }) => type === channel.access_type);
  return ways
    .filter((way) => way === own || (way.reaches_mailbox && own?.reaches_mailbox !== false))
    .map((way) => ({ way, isAllowed: allowed?.includes(way.access_type) ?? true }));
}

interface WayProps extends Offered {
  channel: Channel;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

function Way({ channel, way, isAllowed, checked, onChange }: WayProps) {
  const { access_type: type, label, hint } = way;
  const isOwn = type === channel.access_type;
  const words = isOwn ? 'As now, with another login or at another server' : hint;
  return (
    <Checkbox
      label={label}
      description={isAllowed ? words : `Not allowed by the policy of ${channel.tenant}`}
      checked={isAllowed && checked}
      disabled={!isAllowed}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  );
}

function SpecialCases({ wish, onChange }: { wish: Wish; onChange: (part: Partial<Wish>) => void }) {
  return (
    <details className="more">
      <summary>Another server, or little stored mail</summary>
      <div className="stack">
        <Checkbox
          label="A password may be for another server"
          description="For a mailbox that has moved there, if its stored mail is there"
          checked={wish.otherServer}
          onChange={(event) => onChange({ otherServer: event.currentTarget.checked })}
        />
        <Checkbox
          label="I know that it is the same mailbox"
          description="Counts where fewer than 5 messages are stored, or nothing is imported"
          checked={wish.attested}
          onChange={(event) => onChange({ attested: event.currentTarget.checked })}
        />
      </div>
    </details>
  );
}
