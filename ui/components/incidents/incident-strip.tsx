import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { wideIncidentsQuery } from '../../data/incident-queries.ts';
import { sessionQuery } from '../../data/queries.ts';
import { describeIncident, isOperators } from '../../words/incident-words.ts';

/** Above the channels: what is wrong with many of them at once, so that one problem is not read as many. */
export function IncidentStrip() {
  const client = useQuery(wideIncidentsQuery('client')).data ?? [];
  const provider = useQuery(wideIncidentsQuery('provider')).data ?? [];
  const ways = useQuery(sessionQuery).data?.sign_in ?? [];
  const incidents = [...client, ...provider].sort((a, b) => Number(isOperators(b)) - Number(isOperators(a)));
  if (incidents.length === 0) return null;
  return (
    <ul className="incident-strip" aria-label="Incidents of many channels">
      {incidents.map((incident) => {
        const way = ways.find(({ access_type: type }) => type === incident.access_type);
        const { title, tone } = describeIncident(incident, way?.provider ?? incident.provider);
        return (
          <li key={incident.id} className={`notice notice-${tone}`}>
            <strong>{title}.</strong> <Link to="/incidents">What to do</Link>
          </li>
        );
      })}
    </ul>
  );
}
