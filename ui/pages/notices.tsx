import { NativeSelect } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import '../styles/notices.css';
import { NOTICE_KINDS } from '../../domain/notices/notice.ts';
import { NoticeList } from '../components/notices/notice-list.tsx';
import { RefusedAddresses } from '../components/notices/refused-addresses.tsx';
import { channelsQuery } from '../data/queries.ts';
import { tenantsQuery } from '../data/settings-queries.ts';
import { NOTICE_KIND_WORDS, NOTICE_STATE_WORDS, NOTICE_STATES } from '../words/notice-words.ts';

/** Who was told what, when: of every channel, and what has not gone out. */
export function NoticesPage() {
  const filter = useNoticeFilter();
  const channels = useQuery(channelsQuery({ tenant: null, status: null }));
  const nameOf = (id: string) => channels.data?.channels.find((one) => one.id === id)?.account.email ?? id;
  return (
    <>
      <title>Notices – Mooring</title>
      <div className="page-head">
        <h1>Notices</h1>
      </div>
      <p className="lead">The mails that told people of a broken channel, and those that have not gone out.</p>
      <RefusedAddresses tenant={filter.tenant} />
      <FilterBar filter={filter} />
      <section className="panel" aria-label="Notices">
        <NoticeList
          filter={{ tenant: filter.tenant, kind: filter.kind, state: filter.state }}
          nameOf={nameOf}
          none={
            filter.isSet
              ? 'No notice fits this filter.'
              : 'No one was told of anything yet. When a channel needs a person, the mails show here.'
          }
        />
      </section>
    </>
  );
}

type NoticeFilter = ReturnType<typeof useNoticeFilter>;

/** The filter lives in the address, so that it can be sent to a colleague. */
function useNoticeFilter() {
  const [parameters, setParameters] = useSearchParams();
  const tenant = parameters.get('tenant');
  const kind = NOTICE_KINDS.find((one) => one === parameters.get('kind')) ?? null;
  const state = NOTICE_STATES.find((one) => one === parameters.get('state')) ?? null;
  const set = (name: 'tenant' | 'kind' | 'state', value: string) =>
    setParameters(
      (before) => {
        const after = new URLSearchParams(before);
        if (value === '') after.delete(name);
        else after.set(name, value);
        return after;
      },
      { replace: true },
    );
  return { tenant, kind, state, isSet: [tenant, kind, state].some((one) => one !== null), set };
}

function FilterBar({ filter }: { filter: NoticeFilter }) {
  const tenants = useInfiniteQuery(tenantsQuery).data?.pages.flatMap((page) => page.data.map(({ id }) => id)) ?? [];
  const named = new Set([...(filter.tenant === null ? [] : [filter.tenant]), ...tenants]);
  return (
    <div className="filter-bar">
      <div className="chips" role="group" aria-label="Filter by state">
        <StateChip filter={filter} state="" word="All" />
        {NOTICE_STATES.map((state) => (
          <StateChip key={state} filter={filter} state={state} word={NOTICE_STATE_WORDS[state].word} />
        ))}
      </div>
      <div className="notice-filter">
        <NativeSelect
          aria-label="Tenant"
          value={filter.tenant ?? ''}
          data={[{ value: '', label: 'All tenants' }, ...named]}
          onChange={(event) => filter.set('tenant', event.currentTarget.value)}
        />
        <NativeSelect
          aria-label="Kind"
          value={filter.kind ?? ''}
          data={[
            { value: '', label: 'All kinds' },
            ...NOTICE_KINDS.map((kind) => ({ value: kind, label: NOTICE_KIND_WORDS[kind] })),
          ]}
          onChange={(event) => filter.set('kind', event.currentTarget.value)}
        />
      </div>
    </div>
  );
}

function StateChip({ filter, state, word }: { filter: NoticeFilter; state: string; word: string }) {
  return (
    <button
      type="button"
      className="chip"
      aria-pressed={(filter.state ?? '') === state}
      onClick={() => filter.set('state', state)}
    >
      {word}
    </button>
  );
}
