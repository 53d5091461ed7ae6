import { useState } from 'react';
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from '../../data/client.ts';
import { quarantineWords } from '../../words/event-words.ts';
import { quarantineQuery } from '../../data/queries.ts';
import type { Import } from '../../../api/schemas/imports.ts';
import { plural } from '../../words/time.ts';
import { Ago } from '../clock.tsx';
import { Copyable } from '../copyable.tsx';
import { Loading } from '../loading.tsx';
import { ProblemNotice } from '../notice.tsx';

const QUARANTINE = new Set(['unfetchable', 'unparseable']);

/** What an import could not have after three tries, and the button that tries it again. Nothing where there is none. */
export function Quarantine({ it }: { it: Import }) {
  const client = useQueryClient();
  const replay = useMutation({
    mutationFn: () => call<Import>('POST', `/v1/imports/${encodeURIComponent(it.id)}/quarantine/replay`, {}),
    onSuccess: () => client.invalidateQueries({ queryKey: ['imports', it.channel] }),
  });
  const held = it.skipped.filter(({ reason }) => QUARANTINE.has(reason)).reduce((sum, { count }) => sum + count, 0);
  if (held === 0) return null;
  const trying = it.replaying || replay.isPending;
  return (
    <div className="quarantine">
      <p>
        {plural(held, 'message')} could not be had after three tries. {held === 1 ? 'It is' : 'They are'} kept in
        quarantine and can be tried again.
      </p>
      <Button size="xs" variant="default" disabled={trying || it.state === 'running'} onClick={() => replay.mutate()}>
        {trying ? 'Trying again…' : 'Try again'}
      </Button>
      {replay.error && <ProblemNotice error={replay.error} />}
      <Which importId={it.id} />
    </div>
  );
}

/** Which ones, asked for only when a person opens the list. */
function Which({ importId }: { importId: string }) {
  const [open, setOpen] = useState(false);
  const list = useQuery({ ...quarantineQuery(importId), enabled: open });
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Which ones, and why</summary>
      {open && <Loading query={list}>Loading the quarantine…</Loading>}
      <ul>
        {list.data?.data.map((row) => (
          <li key={row.id}>
            {quarantineWords(row)} <Ago at={row.since} />{' '}
            <Copyable value={row.provider_id} label="provider’s message id" />
          </li>
        ))}
      </ul>
      {list.data?.next && <p className="hint">There are more; the API lists them all.</p>}
    </details>
  );
}
