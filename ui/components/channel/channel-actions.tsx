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
  return (
    <>
      <div className="actions">
        <ReauthorizeButton channel={channel} prominent={channel.status === 'reauth_required'} />
        <Button variant="default" disabled={verify.isPending} onClick={() => verify.mutate()}>
          {verify.isPending ? 'Verifying…' : 'Verify connection'}
        </Button>
        <Button variant="default" disabled={look.isPending} onClick={() => look.mutate()}>
          {look.isPending ? 'Starting the import…' : 'Import missed messages'}
        </Button>
        {paused ? (
          <Button variant="default" disabled={resume.isPending} onClick={() => resume.mutate()}>
            {resume.isPending ? 'Resuming…' : 'Resume'}
          </Button>
        ) : (
          <Button variant="default" disabled={pause.isPending} onClick={() => pause.mutate()}>
            {pause.isPending ? 'Pausing…' : 'Pause'}
          </Button>
        )}
        <Button variant="subtle" className="danger" onClick={() => setLeaving(true)}>
          Disconnect
        </Button>
        <TemporalLink channel={channel} />
      </div>
      {channel.status === 'reauth_required' && <OwnerLink channel={channel} />}
      <Outcome command={verify}>
        {verify.data && !isOutdated(channel, verify.data.verification) && (
          <Verified channel={channel} verification={verify.data.verification} />
        )}
      </Outcome>
      <Outcome command={look}>
        {look.data && <Notice tone="quiet">The import has started; it shows below.</Notice>}
      </Outcome>
      <Outcome command={pause} />
      <Outcome command={resume} />
      <DisconnectDialog channel={channel} opened={leaving} onClose={() => setLeaving(false)} />
    </>
  );
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

function Outcome({ command, children }: { command: { error: unknown }; children?: ReactNode }) {
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

function TemporalLink({ channel }: { channel: Channel }) {
  if (!channel.workflow.url) return null;
  return (
    <a className="temporal-link" href={channel.workflow.url} target="_blank" rel="noreferrer">
      Open in Temporal Web
    </a>
  );
}
