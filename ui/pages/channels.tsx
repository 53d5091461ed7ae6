import { useState } from 'react';
import { Button } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { AttentionBanner } from '../components/channels/attention-banner.tsx';
import { ChannelList } from '../components/channels/channel-list.tsx';
import { ExportButton } from '../components/channels/export-button.tsx';
import { FilterBar } from '../components/channels/filter-bar.tsx';
import { FirstSteps } from '../components/channels/first-steps.tsx';
import { ConnectDialog } from '../components/connect/connect-dialog.tsx';
import { IncidentStrip } from '../components/incidents/incident-strip.tsx';
import { Loading } from '../components/loading.tsx';
import { channelPagesQuery } from '../data/channel-pages.ts';
import type { ListFilter } from '../data/channel-pages.ts';
import { channelsQuery } from '../data/queries.ts';
import { groupOf, sortOf } from '../words/status-groups.ts';

/** Everything at a glance: what is broken comes first, in the banner and in the list. */
export function ChannelsPage() {
  const [connecting, setConnecting] = useState(false);
  const { filter, change, clear } = useFilter();
  const all = useQuery(channelsQuery({ tenant: null, status: null }));
  const listed = useInfiniteQuery(channelPagesQuery(filter));
  const needed = useNeeded();
  const known = all.data?.channels ?? [];
  const isEmpty = all.data !== undefined && known.length === 0;
  const counted =
    all.data === undefined || all.data.more
      ? null
      : known.filter(({ tenant }) => filter.tenant === null || tenant === filter.tenant);
  return (
    <>
      <title>{needed.length > 0 ? `(${needed.length}) Channels – Mooring` : 'Channels – Mooring'}</title>
      <div className="page-head">
        <h1>Channels</h1>
        <Button onClick={() => setConnecting(true)}>Connect a channel</Button>
      </div>
      <IncidentStrip />
      <AttentionBanner channels={needed} onShowAll={() => change({ group: 'needs', tenant: null, text: '' })} />
      <FirstSteps channels={known} isLoaded={all.data !== undefined} />
      <Loading query={listed}>Loading the channels…</Loading>
      {listed.data && !isEmpty && (
        <>
          <FilterBar
            filter={filter}
            onChange={change}
            tenants={[...new Set(known.map(({ tenant }) => tenant))].sort()}
            counted={counted}
          />
          <ChannelList query={listed} onShowAll={clear} />
          <ExportButton filter={filter} />
        </>
      )}
      <ConnectDialog opened={connecting} onClose={() => setConnecting(false)} />
    </>
  );
}

/** Those that wait for our own client are one incident, and no person of theirs is needed. */
function useNeeded() {
  const reauth = useQuery(channelsQuery({ tenant: null, status: 'reauth_required' }));
  const blocked = useQuery(channelsQuery({ tenant: null, status: 'blocked' }));
  const ofPeople = blocked.data?.channels.filter(({ action }) => action !== 'fix_app_credentials') ?? [];
  return [...(reauth.data?.channels ?? []), ...ofPeople];
}

/** The filter lives in the address, so that a filtered list can be sent to a colleague. */
function useFilter() {
  const [parameters, setParameters] = useSearchParams();
  const filter: ListFilter = {
    group: groupOf(parameters.get('status')),
    tenant: parameters.get('tenant'),
    text: parameters.get('search') ?? '',
    sort: sortOf(parameters.get('sort')),
  };
  const change = ({ group, tenant, text, sort }: Partial<ListFilter>) =>
    setParameters(
      (before) => {
        const after = new URLSearchParams(before);
        assign(after, 'status', group === 'all' ? '' : group);
        assign(after, 'tenant', tenant === null ? '' : tenant);
        assign(after, 'search', text);
        assign(after, 'sort', sort === 'needs' ? '' : sort);
        return after;
      },
      { replace: true },
    );
  return { filter, change, clear: () => change({ group: 'all', tenant: null, text: '' }) };
}

/** `undefined` leaves a parameter as it is, '' removes it. */
function assign(parameters: URLSearchParams, name: string, value: string | undefined): void {
  if (value === '') parameters.delete(name);
  else if (value !== undefined) parameters.set(name, value);
}
