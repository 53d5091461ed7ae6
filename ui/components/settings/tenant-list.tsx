import { useState } from 'react';
import { Button, TextInput } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link, useNavigate } from 'react-router';
import { tenantsQuery } from '../../data/settings-queries.ts';
import type { Tenant } from '../../../api/schemas/tenants.ts';
import { count, plural } from '../../words/time.ts';
import { Loading } from '../loading.tsx';
import { valueOf } from './fields.ts';

const tenantSettings = (tenant: string) => `/settings/tenants/${encodeURIComponent(tenant)}`;

/** Chooses whose settings to open. A tenant that has no channel yet is opened by its id. */
export function TenantList() {
  const tenants = useInfiniteQuery(tenantsQuery);
  const [text, setText] = useState('');
  const navigate = useNavigate();
  const all = tenants.data?.pages.flatMap((page) => page.data) ?? [];
  const wanted = text.trim();
  const shown = all.filter(({ id }) => id.toLowerCase().includes(wanted.toLowerCase()));
  return (
    <>
      <form
        className="inline-form tenant-search"
        aria-label="Find a tenant"
        onSubmit={(event) => {
          event.preventDefault();
          if (wanted !== '') void navigate(tenantSettings(wanted));
        }}
      >
        <TextInput
          type="search"
          label="Tenant"
          description="Type to filter, or a whole id to open its settings before its first channel"
          value={text}
          onChange={(event) => setText(valueOf(event))}
        />
        <Button type="submit" disabled={wanted === ''}>
          Open
        </Button>
      </form>
      <Loading query={tenants}>Loading the tenants…</Loading>
      {tenants.data && all.length === 0 && (
        <p className="empty">
          No tenant yet. A tenant exists from its first link on; to set one up before, enter its id above.
        </p>
      )}
      {shown.length > 0 && (
        <ul className="panel tenant-list">
          {shown.map((tenant) => (
            <TenantLine key={tenant.id} tenant={tenant} />
          ))}
        </ul>
      )}
      {all.length > 0 && shown.length === 0 && (
        <p className="empty">No tenant here has “{wanted}” in its id. “Open” opens the settings of exactly this id.</p>
      )}
      {tenants.hasNextPage && (
        <Button variant="default" disabled={tenants.isFetchingNextPage} onClick={() => void tenants.fetchNextPage()}>
          {tenants.isFetchingNextPage ? 'Loading more…' : `Show more than ${count(all.length)}`}
        </Button>
      )}
    </>
  );
}

function TenantLine({ tenant }: { tenant: Tenant }) {
  return (
    <li>
      <Link className="row-link" to={tenantSettings(tenant.id)}>
        {tenant.id}
      </Link>
      <span className="meta">
        {plural(tenant.channels, 'channel')}
        {tenant.broken > 0 && ` · ${count(tenant.broken)} ${tenant.broken === 1 ? 'needs' : 'need'} someone`}
        {tenant.erasing && ' · being erased'}
      </span>
    </li>
  );
}
