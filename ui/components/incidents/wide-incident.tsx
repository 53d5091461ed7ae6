import { useState } from 'react';
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from '../../data/client.ts';
import { sessionQuery } from '../../data/queries.ts';
import type { Incident } from '../../../api/schemas/incidents.ts';
import { describeIncident } from '../../words/incident-words.ts';
import { plural } from '../../words/time.ts';
import { Ago, Ahead } from '../clock.tsx';
import { Copyable } from '../copyable.tsx';
import { NoticeList } from '../notices/notice-list.tsx';
import { ProblemNotice } from '../notice.tsx';
import { IncidentChannels } from './incident-channels.tsx';

type Part = 'channels' | 'notices';

/** One problem of many channels: what it is, since when, what to do, who is told, and what is held back. */
export function WideIncident({ incident }: { incident: Incident }) {
  const [shown, setShown] = useState<Part | null>(null);
  const ways = useQuery(sessionQuery).data?.sign_in ?? [];
  const provider = ways.find((way) => way.access_type === incident.access_type)?.provider ?? incident.provider;
  const { title, tone, told } = describeIncident(incident, provider);
  const toggle = (part: Part) => setShown(shown === part ? null : part);
  return (
    <article className={`state state-${tone} incident`} aria-label={title}>
      <h3>{title}</h3>
      <p className="state-words">{incident.what_to_do}</p>
      <p className="meta">
        Since <Ago at={incident.opened_at} /> · {plural(incident.tenants, 'tenant')} · {told}
        {incident.reason && <Copyable value={incident.reason} label="reason code" />}
        {incident.provider_code && <Copyable value={incident.provider_code} label="provider code" />}
      </p>
      {incident.notices_held > 0 && <Held incident={incident} />}
      <div className="actions">
        <Button variant="default" aria-expanded={shown === 'channels'} onClick={() => toggle('channels')}>
          {shown === 'channels' ? 'Hide the channels' : 'Show the channels'}
        </Button>
        <Button variant="default" aria-expanded={shown === 'notices'} onClick={() => toggle('notices')}>
          {shown === 'notices' ? 'Hide who was told' : 'Who was told'}
        </Button>
      </div>
      {shown === 'channels' && <IncidentChannels incident={incident} />}
      {shown === 'notices' && <NoticeList filter={{ incident: incident.id }} none="No one was told of it." />}
    </article>
  );
}

function Held({ incident }: { incident: Incident }) {
  const client = useQueryClient();
  const release = useMutation({
    mutationFn: () => call('POST', `/v1/incidents/${encodeURIComponent(incident.id)}/release`),
    onSuccess: () =>
      Promise.all(['incidents', 'notices'].map((name) => client.invalidateQueries({ queryKey: [name] }))),
  });
  return (
    <div className="held">
      <p>
        <strong>{plural(incident.notices_held, 'mail')} to people</strong> {incident.notices_held === 1 ? 'is' : 'are'}{' '}
        held until you have looked.{' '}
        {incident.held_until && (
          <>
            {incident.notices_held === 1 ? 'It goes' : 'They go'} out by{' '}
            {incident.notices_held === 1 ? 'itself' : 'themselves'} <Ahead at={incident.held_until} />.
          </>
        )}
      </p>
      <Button disabled={release.isPending} onClick={() => release.mutate()}>
        {release.isPending ? 'Sending…' : 'Send them now'}
      </Button>
      {release.error && <ProblemNotice error={release.error} />}
    </div>
  );
}
