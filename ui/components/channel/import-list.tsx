import { useQuery } from '@tanstack/react-query';
import { importsQuery } from '../../data/queries.ts';
import type { Channel } from '../../../api/schemas/channels.ts';
import { Loading } from '../loading.tsx';
import { ImportReceipt } from './import-receipt.tsx';
import { Quarantine } from './quarantine.tsx';

export function ImportList({ channel }: { channel: Channel }) {
  const imports = useQuery(importsQuery(channel.id));
  return (
    <section aria-labelledby="imports" className="panel">
      <h2 id="imports">Imports</h2>
      <Loading query={imports}>Loading the imports…</Loading>
      {imports.data?.data.length === 0 && (
        <p className="hint">
          None yet. After a breakage, what was missed is imported here, with a receipt that proves nothing is missing.
        </p>
      )}
      {imports.data?.data.map((it) => (
        <ImportReceipt key={it.id} it={it}>
          <Quarantine it={it} />
        </ImportReceipt>
      ))}
    </section>
  );
}
