import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import '../styles/incidents.css';
import '../styles/notices.css';
import { IncidentList } from '../components/incidents/channel-incidents.tsx';
import { WideIncident } from '../components/incidents/wide-incident.tsx';
import { Loading } from '../components/loading.tsx';
import { wideIncidentsQuery } from '../data/incident-queries.ts';
import type { Incident } from '../../api/schemas/incidents.ts';
import { isOperators } from '../words/incident-words.ts';

/** One problem is one entry: the operator's own first, then outages, then single channels. */
export function IncidentsPage() {
  const scopes = [
    useQuery(wideIncidentsQuery('client')),
    useQuery(wideIncidentsQuery('provider')),
    useQuery(wideIncidentsQuery('key')),
  ];
  const wide = scopes.flatMap(({ data }) => data ?? []);
  const [own, outages] = [wide.filter(isOperators), wide.filter((incident) => !isOperators(incident))];
  const [showsClosed, setShowsClosed] = useState(false);
  return (
    <>
      <title>{own.length > 0 ? `(${own.length}) Incidents – Mooring` : 'Incidents – Mooring'}</title>
      <div className="page-head">
        <h1>Incidents</h1>
      </div>
      {scopes.map((query, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- three queries in a fixed order
        <Loading key={index} query={query}>
          Loading the incidents…
        </Loading>
      ))}
      <WideIncidents
        id="own"
        title="Yours to mend"
        incidents={own}
        none={scopes.every(({ data }) => data !== undefined) ? 'Nothing is wrong with our own clients and keys.' : null}
      />
      <WideIncidents id="outages" title="Outages" incidents={outages} none={null} />
      <section className="panel incident-section" aria-labelledby="single">
        <h2 id="single">Single channels</h2>
        <IncidentList filter={{ scope: 'channel', state: 'open' }} none="No channel has a problem of its own." />
      </section>
      <section className="panel incident-section" aria-labelledby="closed">
        <h2 id="closed">Over</h2>
        {showsClosed ? (
          <IncidentList filter={{ state: 'closed' }} none="No incident has ended yet." />
        ) : (
          <button type="button" className="link-button" onClick={() => setShowsClosed(true)}>
            Show the incidents that are over
          </button>
        )}
      </section>
    </>
  );
}

interface WideProps {
  id: string;
  title: string;
  incidents: Incident[];
  /** What stands there when there is none; null: the heading goes too. */
  none: string | null;
}

function WideIncidents({ id, title, incidents, none }: WideProps) {
  if (incidents.length === 0 && none === null) return null;
  return (
    <section className="incident-section" aria-labelledby={id}>
      <h2 id={id}>{title}</h2>
      {incidents.length === 0 && <p className="hint">{none}</p>}
      {incidents.map((incident) => (
        <WideIncident key={incident.id} incident={incident} />
      ))}
    </section>
  );
}
