import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { incidentChannelsQuery } from '../../data/incident-queries.ts';
import type { Incident } from '../../../api/schemas/incidents.ts';
import { StatusMark } from '../channel/status-mark.tsx';
import { Ago } from '../clock.tsx';
import { Loading } from '../loading.tsx';
import { ShowMore } from '../show-more.tsx';

/** The channels that wait for the end of an incident. */
export function IncidentChannels({ incident }: { incident: Incident }) {
  const query = useInfiniteQuery(incidentChannelsQuery(incident.id));
  const channels = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <>
      <Loading query={query}>Loading the channels…</Loading>
      {query.data && channels.length === 0 && <p className="hint">No channel is in it any more.</p>}
      <ul className="incident-channels">
        {channels.map((channel) => (
          <li key={channel.id}>
            <Link className="address" to={`/channels/${channel.id}`}>
              {channel.account.email}
            </Link>
            <StatusMark status={channel.status} />
            <span className="meta">
              {channel.tenant} · since <Ago at={channel.status_since} />
            </span>
          </li>
        ))}
      </ul>
      <ShowMore query={query} label="Show more" loading="Loading more channels…" />
    </>
  );
}
