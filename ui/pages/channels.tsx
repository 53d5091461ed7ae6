import { useEffect, useRef, useState } from 'react';
import { Button, NativeSelect, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { AttentionBanner } from '../components/channel/attention-banner.tsx';
import { ChannelTable } from '../components/channel/channel-table.tsx';
import { RemindBar } from '../components/channel/remind-bar.tsx';
import { ConnectDialog } from '../components/connect/connect-dialog.tsx';
import { IncidentStrip } from '../components/incidents/incident-strip.tsx';
import { Loading } from '../components/loading.tsx';
import { channelsQuery, sessionQuery } from '../data/queries.ts';
import type { Channel } from '../../api/schemas/channels.ts';
import { STATUS_GROUPS, chooseChannels, groupOf } from '../words/status-groups.ts';
import type { StatusGroup } from '../words/status-groups.ts';
import { count, plural } from '../words/time.ts';
import { severity } from '../words/words.ts';

/** Everything at a glance: what is broken comes first, in the banner and in the list. */
export function ChannelsPage() {
  const [connecting, setConnecting] = useState(false);
  const filter = useFilter();
  const list = useQuery(channelsQuery({ tenant: null, status: null }));
  // Only when not everything was loaded does the server have to look for a tenant's channels.
  const ofTenant = useQuery({
    ...channelsQuery({ tenant: filter.tenant, status: null }),
    enabled: filter.tenant !== null && list.data?.more === true,
  });
  const reauth = useQuery(channelsQuery({ tenant: null, status: 'reauth_required' }));
  const blocked = useQuery(channelsQuery({ tenant: null, status: 'blocked' }));
  // Those that wait for our own client are one incident, and no person of theirs is needed.
  const ofPeople = blocked.data?.channels.filter(({ action }) => action !== 'fix_app_credentials') ?? [];
  const needed = [...(reauth.data?.channels ?? []), ...ofPeople];
  const everything = list.data?.channels ?? [];
  const shown = ofTenant.data ?? list.data;
  const empty = list.data !== undefined && everything.length === 0;
  return (
    <>
      <title>{needed.length > 0 ? `(${needed.length}) Channels – Mooring` : 'Channels – Mooring'}</title>
      <div className="page-head">
        <h1>Channels</h1>
        <Button onClick={() => setConnecting(true)}>Connect a channel</Button>
      </div>
      <IncidentStrip />
      <AttentionBanner channels={needed} onShowAll={() => filter.set({ group: 'needs', tenant: null, text: '' })} />
      <Loading query={list}>Loading the channels…</Loading>
      {empty && <NoChannels />}
      {shown && !empty && (
        <FilteredChannels
          channels={shown.channels.filter((channel) => filter.tenant === null || channel.tenant === filter.tenant)}
          tenants={[...new Set(everything.map((channel) => channel.tenant))].sort()}
          more={shown.more}
          filter={filter}
        />
      )}
      <ConnectDialog opened={connecting} onClose={() => setConnecting(false)} />
    </>
  );
}

interface Filter {
  group: StatusGroup;
  tenant: string | null;
  text: string;
  set: (change: { group?: StatusGroup; tenant?: string | null; text?: string }) => void;
}

/** The filter lives in the address, so that a filtered list can be sent to a colleague. */
function useFilter(): Filter {
  const [parameters, setParameters] = useSearchParams();
  return {
    group: groupOf(parameters.get('status')),
    tenant: parameters.get('tenant'),
    text: parameters.get('search') ?? '',
    set: ({ group, tenant, text }) =>
      setParameters(
        (before) => {
          const after = new URLSearchParams(before);
          assign(after, 'status', group === 'all' ? '' : group);
          assign(after, 'tenant', tenant === null ? '' : tenant);
          assign(after, 'search', text);
          return after;
        },
        { replace: true },
      ),
  };
}

/** `undefined` leaves a parameter as it is, '' removes it. */
function assign(parameters: URLSearchParams, name: string, value: string | undefined): void {
  if (value === '') parameters.delete(name);
  else if (value !== undefined) parameters.set(name, value);
}

interface FilteredProps {
  channels: Channel[];
  tenants: string[];
  more: boolean;
  filter: Filter;
}

function FilteredChannels({ channels, tenants, more, filter }: FilteredProps) {
  const chosen = chooseChannels(channels, filter).sort(
    (a, b) => severity(a.status) - severity(b.status) || a.account.email.localeCompare(b.account.email),
  );
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  return (
    <>
      <FilterBar channels={channels} tenants={tenants} filter={filter} />
      {more && (
        <p className="hint">
          These are the first {plural(channels.length, 'channel')}; there are more. Choose a tenant to see all of its
          channels.
        </p>
      )}
      {chosen.length > 0 ? (
        <ChannelTable channels={chosen} selection={{ ids: selected, set: setSelected }} />
      ) : (
        <p className="empty">
          No channel fits this filter.{' '}
          <button
            type="button"
            className="link-button"
            onClick={() => filter.set({ group: 'all', tenant: null, text: '' })}
          >
            Show all
          </button>
        </p>
      )}
      <RemindBar channels={chosen.filter(({ id }) => selected.has(id))} known={chosen} onSelect={setSelected} />
    </>
  );
}

function FilterBar({ channels, tenants, filter }: Omit<FilteredProps, 'more'>) {
  const shown = STATUS_GROUPS.map((group) => ({
    ...group,
    size: chooseChannels(channels, { group: group.id, text: '' }).length,
  }));
  return (
    <div className="filter-bar">
      <div className="chips" role="group" aria-label="Filter by status">
        {shown
          .filter((group) => group.size > 0 || group.id === 'all' || group.id === filter.group)
          .map((group) => (
            <button
              key={group.id}
              type="button"
              className="chip"
              aria-pressed={group.id === filter.group}
              onClick={() => filter.set({ group: group.id })}
            >
              {group.word} <span className="chip-count">{count(group.size)}</span>
            </button>
          ))}
      </div>
      <div className="filter-fields">
        <NativeSelect
          aria-label="Tenant"
          value={filter.tenant ?? ''}
          data={[
            { value: '', label: 'All tenants' },
            ...new Set([...(filter.tenant ? [filter.tenant] : []), ...tenants]),
          ]}
          onChange={(event) => filter.set({ tenant: event.currentTarget.value || null })}
        />
        <SearchField text={filter.text} search={(text) => filter.set({ text })} />
      </div>
    </div>
  );
}

/** How long typing rests before the address follows, in ms. */
const SEARCH_AFTER_MS = 250;

/** The field keeps its own text: one that is read back from the address loses letters while a person types. */
function SearchField({ text, search }: { text: string; search: (text: string) => void }) {
  const [typed, setTyped] = useState(text);
  const sent = useRef(text);
  const follow = useDebouncedCallback((wanted: string) => {
    sent.current = wanted;
    search(wanted);
  }, SEARCH_AFTER_MS);
  useEffect(() => {
    if (text === sent.current) return;
    // Changed elsewhere: by "Show all", or by the browser's back button.
    sent.current = text;
    setTyped(text);
  }, [text]);
  return (
    <TextInput
      type="search"
      aria-label="Search by email"
      placeholder="Search by email"
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        follow(event.currentTarget.value);
      }}
    />
  );
}

function NoChannels() {
  const sandbox = useQuery(sessionQuery).data?.sandbox_page;
  return (
    <div className="empty">
      <h2>No channels yet</h2>
      <p>
        A channel is one mailbox that Mooring keeps connected: its access stays fresh, you are told when it breaks, and
        what was missed is imported afterwards.
      </p>
      <p>
        Choose “Connect a channel” to connect the first one, or make a link with the API and send it to the person who
        owns the account.
      </p>
      {sandbox && (
        <p>
          This Mooring runs with simulated providers: make a mailbox, send it messages and break it in the{' '}
          <a href={sandbox}>sandbox</a>.
        </p>
      )}
    </div>
  );
}
