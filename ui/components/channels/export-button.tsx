import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { channelsAsCsv } from '../../data/channel-csv.ts';
import type { ListFilter } from '../../data/channel-pages.ts';
import { ProblemNotice } from '../notice.tsx';

/** Saves the list as it is filtered and sorted, all of its pages. */
export function ExportButton({ filter }: { filter: ListFilter }) {
  const save = useMutation({
    mutationFn: () => channelsAsCsv(filter),
    onSuccess: (csv) => {
      const link = document.createElement('a');
      link.href = URL.createObjectURL(new Blob([csv], { type: 'text/csv' }));
      link.download = 'channels.csv';
      link.click();
      URL.revokeObjectURL(link.href);
    },
  });
  return (
    <>
      <Button variant="subtle" size="compact-sm" disabled={save.isPending} onClick={() => save.mutate()}>
        {save.isPending ? 'Exporting…' : 'Export as CSV'}
      </Button>
      {save.error && <ProblemNotice error={save.error} />}
    </>
  );
}
