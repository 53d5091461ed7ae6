import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { incidentsQuery } from '../../data/incident-queries.ts';
import { channelsQuery } from '../../data/queries.ts';
import type { Channel } from '../../../api/schemas/channels.ts';
import type { Incident } from '../../../api/schemas/incidents.ts';
import { describeIncident } from '../../words/incident-words.ts';
import { explain, STATUS_WORDS } from '../../words/words.ts';
import { Ago } from '../clock.tsx';
import { StatusMark } from '../channel/status-mark.tsx';
import { Loading } from '../loading.tsx';
import { ShowMore } from '../show-more.tsx';

/** The incidents of single channels, or all that are over. */
export function IncidentList({ filter, none }: { filter: Parameters<typeof incidentsQuery>[0]; none: string }) {
  const query = useInfiniteQuery(incidentsQuery(filter));
  const channels = useQuery(channelsQuery({ tenant: null, status: null })).data?.channels ?? [];
  const incidents = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <>
      <Loading query={query}>Loading the incidents…</Loading>
      {query.data && incidents.length === 0 && <p className="hint">{none}</p>}
      <ol className="incident-list">
        {incidents.map((incident) => (
          <IncidentLine
            key={incident.id}
            incident={incident}
            channel={channels.find(({ id }) => id === incident.channel) ?? null}
          />
        ))}
      </ol>
      <ShowMore query={query} label="Show earlier" loading="Loading earlier incidents…" />
    </>
  );
}

function IncidentLine({ incident, channel }: { incident: Incident; channel: Channel | null }) {
  const isOpen = incident.closed_at === null;
  return (
    <li>
      <span>
        {incident.channel === null ? (
          <strong>{describeIncident(incident, incident.provider).title}</strong>
        ) : (
          <Link className="address incident-link" to={`/channels/${incident.channel}`}>
            {channel?.account.email ?? incident.channel}
          </Link>
        )}
        <span className="meta">
          {isOpen && channel !== null && STATUS_WORDS[channel.status].tone !== 'good'
            ? explain(channel).cause
            : incident.what_to_do}
        </span>
      </span>
      <span className="incident-state">
        {isOpen && channel !== null && <StatusMark status={channel.status} />}
        <span className="meta">
          {isOpen ? 'since' : 'ended'} <Ago at={incident.closed_at ?? incident.opened_at} />
        </span>
      </span>
    </li>
  );
}
