import { useState } from 'react';
import type { ReactNode } from 'react';
import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { call } from '../../data/client.ts';
import { storeChannel } from '../../data/queries.ts';
import type { Channel, Verification } from '../../../api/schemas/channels.ts';
import type { Import } from '../../../api/schemas/imports.ts';
import { capital } from '../../../domain/words/sign-in-failures.ts';
import { needsSomeone } from '../../words/words.ts';
import { Ago } from '../clock.tsx';
import { ChangeAccessButton } from './access/change-button.tsx';
import { DisconnectDialog } from './disconnect-dialog.tsx';
import { Notice, ProblemNotice } from '../notice.tsx';
import { OwnerLink, ReauthorizeButton } from './reauthorize-button.tsx';
import { LEFT, isOneOf } from '../../../domain/channel.ts';

/** Everything a person can do with a channel; what would make no sense now is not offered. */
export function ChannelActions({ channel }: { channel: Channel }) {
  const over = isOneOf(LEFT, channel.status);
  return (
    <section aria-label="Actions" className="actions-section">
      {over ? (
        <div className="actions">
          <SupportBundle channel={channel} />
          <TemporalLink channel={channel} />
        </div>
      ) : (
        <LiveActions channel={channel} />
      )}
    </section>
  );
}

function LiveActions({ channel }: { channel: Channel }) {
  const [leaving, setLeaving] = useState(false);
  const verify = useCommand(channel, 'verify');
  const pause = useCommand(channel, 'pause');
  const resume = useCommand(channel, 'resume');
  const look = useImport(channel);
  const paused = channel.status === 'paused';
  const noImport = whyNoImport(channel);
  const needsSignIn = channel.status === 'reauth_required';
  const needsChange = channel.action === 'change_access';
  const [last, setLast] = useState<Command | null>(null);
  const press = (command: Command, { mutate }: { mutate: () => void }) => {
    setLast(command);
    mutate();
  };
  return (
    <>
      <div className="actions">
        <ReauthorizeButton channel={channel} prominent={needsSignIn && !needsChange} />
        <ChangeAccessButton channel={channel} prominent={needsChange} />
        <Button variant="default" disabled={verify.isPending} onClick={() => press('verify', verify)}>
          {verify.isPending ? 'Verifying…' : 'Verify connection'}
        </Button>
        <Button
          variant="default"
          disabled={look.isPending || noImport !== null}
          aria-describedby={noImport === null ? undefined : 'why-no-import'}
          onClick={() => press('import', look)}
        >
          {look.isPending ? 'Starting the import…' : 'Import missed messages'}
        </Button>
        {paused ? (
          <Button variant="default" disabled={resume.isPending} onClick={() => press('resume', resume)}>
            {resume.isPending ? 'Resuming…' : 'Resume'}
          </Button>
        ) : (
          <Button variant="default" disabled={pause.isPending} onClick={() => press('pause', pause)}>
            {pause.isPending ? 'Pausing…' : 'Pause'}
          </Button>
        )}
        <Button variant="subtle" className="danger" onClick={() => setLeaving(true)}>
          Disconnect
        </Button>
        <SupportBundle channel={channel} />
        <TemporalLink channel={channel} />
      </div>
      {noImport && (
        <p className="meta" id="why-no-import">
          {noImport}
        </p>
      )}
      {needsSignIn && !needsChange && <OwnerLink channel={channel} />}
      <Outcomes channel={channel} last={last} commands={{ verify, look, pause, resume }} />
      <DisconnectDialog channel={channel} opened={leaving} onClose={() => setLeaving(false)} />
    </>
  );
}

type Command = 'verify' | 'import' | 'pause' | 'resume';

const WHEN: Partial<Record<Channel['status'], string>> = {
  paused: 'once the channel is resumed',
  reauth_required: 'after the sign-in',
  blocked: 'once the channel is connected again',
};

/** Why missed messages cannot be imported now; null: they can. */
function whyNoImport({ status, import: mode }: Channel): string | null {
  const when = WHEN[status];
  if (when === undefined) return null;
  return mode === 'off' ? `An import can be asked for ${when}.` : `Missed messages are imported by themselves ${when}.`;
}

function useCommand(channel: Channel, command: 'verify' | 'pause' | 'resume') {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call<Channel>('POST', `/v1/channels/${encodeURIComponent(channel.id)}/${command}`),
    onSuccess: (answer) => storeChannel(client, answer),
  });
}

function useImport(channel: Channel) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => call<Import>('POST', `/v1/channels/${encodeURIComponent(channel.id)}/imports`, {}),
    onSuccess: () => client.invalidateQueries({ queryKey: ['imports', channel.id] }),
  });
}

interface OutcomesProps {
  channel: Channel;
  last: Command | null;
  commands: Record<'verify' | 'pause' | 'resume', ReturnType<typeof useCommand>> & {
    look: ReturnType<typeof useImport>;
  };
}

/** What came of the last command; those before it have had their time. */
function Outcomes({ channel, last, commands: { verify, look, pause, resume } }: OutcomesProps) {
  return (
    <>
      <Outcome command={last === 'verify' ? verify : null}>
        {verify.data && !isOutdated(channel, verify.data.verification) && (
          <Verified channel={channel} verification={verify.data.verification} />
        )}
      </Outcome>
      <Outcome command={last === 'import' ? look : null}>
        {look.data && <Notice tone="quiet">The import has started; it shows below.</Notice>}
      </Outcome>
      <Outcome command={last === 'pause' ? pause : null} />
      <Outcome command={last === 'resume' ? resume : null} />
    </>
  );
}

function Outcome({ command, children }: { command: { error: unknown } | null; children?: ReactNode }) {
  if (command === null) return null;
  return command.error ? <ProblemNotice error={command.error} /> : children;
}

/** What a check said gives way to newer proof of the opposite. */
function isOutdated(channel: Channel, verification: Verification | undefined): boolean {
  if (!verification) return false;
  if (verification.ok) return needsSomeone(channel);
  return channel.last_verified_at !== null && Date.parse(channel.last_verified_at) > Date.parse(verification.at);
}

/** A verification is a real call; without one the answer took longer than the server waits. */
function Verified({ channel, verification }: { channel: Channel; verification: Verification | undefined }) {
  const provider = capital(channel.access.provider);
  if (!verification) {
    return (
      <Notice tone="quiet">
        {provider} takes its time to answer. The result will show here under “Last verified”.
      </Notice>
    );
  }
  return (
    <Notice tone={verification.ok ? 'good' : 'bad'} title={verification.ok ? 'Verified' : 'Not verified'}>
      {verification.proved ??
        (verification.ok ? `${provider} answered.` : `${provider} did not accept the connection.`)}{' '}
      <Ago at={verification.at} />
    </Notice>
  );
}

/** For whom the product asks for help; the answer is a file. */
function SupportBundle({ channel }: { channel: Channel }) {
  return (
    <Button
      variant="subtle"
      component="a"
      href={`/v1/channels/${encodeURIComponent(channel.id)}/support-bundle`}
      download
    >
      Support bundle
    </Button>
  );
}

function TemporalLink({ channel }: { channel: Channel }) {
  if (!channel.workflow.url) return null;
  return (
    <a className="temporal-link" href={channel.workflow.url} target="_blank" rel="noreferrer">
      Open in Temporal Web
    </a>
  );
}
