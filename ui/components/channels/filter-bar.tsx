import { useEffect, useRef, useState } from 'react';
import { NativeSelect, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import type { Channel } from '../../../api/schemas/channels.ts';
import type { ListFilter } from '../../data/channel-pages.ts';
import { SORTS, STATUS_GROUPS, isInGroup, sortOf } from '../../words/status-groups.ts';
import type { StatusGroup } from '../../words/status-groups.ts';
import { count } from '../../words/time.ts';

interface FilterProps {
  filter: ListFilter;
  onChange: (change: Partial<ListFilter>) => void;
  tenants: string[];
  /** Every channel that the tenant’s choice leaves; null: there are too many to be counted here. */
  counted: Channel[] | null;
}

export function FilterBar({ filter, onChange, tenants, counted }: FilterProps) {
  return (
    <div className="filter-bar">
      <div className="chips" role="group" aria-label="Filter by status">
        <Groups chosen={filter.group} counted={counted} onChoose={(group) => onChange({ group })} />
      </div>
      <div className="filter-fields">
        <NativeSelect
          aria-label="Tenant"
          value={filter.tenant ?? ''}
          data={[
            { value: '', label: 'All tenants' },
            ...new Set([...(filter.tenant ? [filter.tenant] : []), ...tenants]),
          ]}
          onChange={(event) => onChange({ tenant: event.currentTarget.value || null })}
        />
        <NativeSelect
          aria-label="Sort by"
          value={filter.sort}
          data={[...SORTS]}
          onChange={(event) => onChange({ sort: sortOf(event.currentTarget.value) })}
        />
        <SearchField text={filter.text} search={(text) => onChange({ text })} />
      </div>
    </div>
  );
}

interface GroupsProps {
  chosen: StatusGroup;
  counted: Channel[] | null;
  onChoose: (group: StatusGroup) => void;
}

/** A group that is known to be empty is not offered. */
function Groups({ chosen, counted, onChoose }: GroupsProps) {
  return STATUS_GROUPS.map(({ id, word }) => {
    const size = counted?.filter(({ status }) => isInGroup(status, id)).length;
    if (size === 0 && id !== 'all' && id !== chosen) return null;
    return (
      <button key={id} type="button" className="chip" aria-pressed={id === chosen} onClick={() => onChoose(id)}>
        {word} {size !== undefined && <span className="chip-count">{count(size)}</span>}
      </button>
    );
  });
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
      aria-label="Search"
      placeholder="Address, owner or id"
      maxLength={200}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        follow(event.currentTarget.value);
      }}
    />
  );
}
