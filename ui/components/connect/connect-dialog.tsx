import { useState } from 'react';
import { Button, Modal, NativeSelect, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { AccessType } from '../../../domain/access-type.ts';
import { call, serverNow } from '../../data/client.ts';
import { sessionQuery } from '../../data/queries.ts';
import type { Link } from '../../../api/schemas/links.ts';
import type { SignIn } from '../../../api/schemas/sign-in.ts';
import { rememberLink, returnAddress } from '../../data/started-here.ts';
import { Ahead } from '../clock.tsx';
import { Copyable } from '../copyable.tsx';
import { ProblemNotice } from '../notice.tsx';

const TENANT_KEY = 'mooring.tenant';
const DAY_MS = 86_400_000;

interface DialogProps {
  opened: boolean;
  onClose: () => void;
}

/** Chooses how to reach the account, makes a link, and follows it in this tab or shows it for another person. */
export function ConnectDialog({ opened, onClose }: DialogProps) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Connect a channel"
      size="lg"
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <ConnectForm />
    </Modal>
  );
}

interface Wish {
  /** null: the link leaves the choice to the person. */
  accessType: AccessType | null;
  tenant: string;
  historyDays: string;
  kind: 'individual' | 'shared';
  /** Who is told when the channel breaks; empty: the admins of the tenant. */
  owner: string;
  /** Of a shared channel, where the person signs in with a login of their own. */
  mailbox: string;
}

const NOTHING_ELSE = { historyDays: '0', kind: 'individual', owner: '', mailbox: '' } as const;

function linkBody(wish: Wish, returnTo: string | null): Record<string, unknown> {
  const days = Number(wish.historyDays);
  return {
    tenant: wish.tenant.trim(),
    ...(wish.accessType && { access_types: [wish.accessType] }),
    kind: wish.kind,
    ...(wish.owner.trim() !== '' && { owner: { email: wish.owner.trim() } }),
    ...(wish.kind === 'shared' && wish.mailbox.trim() !== '' && { mailbox: wish.mailbox.trim() }),
    ...(days > 0 && { import_from: new Date(serverNow() - days * DAY_MS).toISOString() }),
    ...(returnTo && { return_to: returnTo }),
  };
}

function ConnectForm() {
  const session = useQuery(sessionQuery);
  const offered = session.data?.sign_in ?? [];
  const [wish, setWish] = useState<Wish>({
    accessType: offered[0]?.access_type ?? null,
    tenant: localStorage.getItem(TENANT_KEY) ?? 'acme',
    ...NOTHING_ELSE,
  });
  const follow = useMutation({
    mutationFn: () => call<Link>('POST', '/v1/links', linkBody(wish, returnAddress())),
    onSuccess: (link) => {
      rememberLink(link.url);
      window.location.assign(link.url);
    },
  });
  const send = useMutation({ mutationFn: () => call<Link>('POST', '/v1/links', linkBody(wish, null)) });
  const change = (part: Partial<Wish>) => {
    send.reset();
    setWish({ ...wish, ...part });
  };
  const busy = follow.isPending || follow.isSuccess || send.isPending;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        localStorage.setItem(TENANT_KEY, wish.tenant.trim());
        follow.mutate();
      }}
    >
      <AccessChoice offered={offered} chosen={wish.accessType} onChoose={(accessType) => change({ accessType })} />
      <TextInput
        label="Tenant"
        description="The customer of yours that the channel belongs to"
        required
        withAsterisk={false}
        value={wish.tenant}
        onChange={(event) => change({ tenant: event.currentTarget.value })}
      />
      <MoreChoices wish={wish} onChange={change} />
      {(follow.error ?? send.error) && <ProblemNotice error={follow.error ?? send.error} />}
      {send.data && (
        <p className="owner-link" role="status">
          Send this link to the person who owns the account; it needs no login here and ends{' '}
          <Ahead at={send.data.expires_at} />: <Copyable value={send.data.url} label="connect link" />
        </p>
      )}
      <div className="actions">
        <Button type="submit" disabled={busy}>
          {follow.isPending || follow.isSuccess ? 'Opening the sign-in…' : 'Continue'}
        </Button>
        <Button variant="default" disabled={busy} onClick={() => send.mutate()}>
          {send.isPending ? 'Making a link…' : 'Make a link to send'}
        </Button>
      </div>
    </form>
  );
}

interface ChoiceProps {
  offered: readonly SignIn[];
  chosen: AccessType | null;
  onChoose: (accessType: AccessType) => void;
}

function AccessChoice({ offered, chosen, onChoose }: ChoiceProps) {
  return (
    <fieldset className="choices">
      <legend>What kind of account is it?</legend>
      {offered.map(({ access_type: type, label, hint }) => (
        <label key={type} className="choice">
          <input type="radio" name="access-type" checked={type === chosen} onChange={() => onChoose(type)} />
          <span>
            <strong>{label}</strong>
            <span className="meta">{hint}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function MoreChoices({ wish, onChange }: { wish: Wish; onChange: (part: Partial<Wish>) => void }) {
  return (
    <details className="more">
      <summary>History and ownership</summary>
      <div className="stack">
        <NativeSelect
          label="Messages from before today"
          value={wish.historyDays}
          data={[
            { value: '0', label: 'None; import what arrives from now on' },
            { value: '7', label: 'The last 7 days' },
            { value: '30', label: 'The last 30 days' },
            { value: '365', label: 'The last year' },
          ]}
          onChange={(event) => onChange({ historyDays: event.currentTarget.value })}
        />
        <NativeSelect
          label="Who looks after it?"
          value={wish.kind}
          data={[
            { value: 'individual', label: 'Its owner' },
            { value: 'shared', label: 'The admins; several people share it' },
          ]}
          onChange={(event) => onChange({ kind: event.currentTarget.value === 'shared' ? 'shared' : 'individual' })}
        />
        <TextInput
          type="email"
          label="Owner’s address"
          description="Who is told when it breaks; left empty, the tenant’s admins are"
          value={wish.owner}
          onChange={(event) => onChange({ owner: event.currentTarget.value })}
        />
        {wish.kind === 'shared' && (
          <TextInput
            type="email"
            label="Shared mailbox"
            description="Its address, where people open it with their own login; left empty, the login’s own mailbox"
            value={wish.mailbox}
            onChange={(event) => onChange({ mailbox: event.currentTarget.value })}
          />
        )}
      </div>
    </details>
  );
}
