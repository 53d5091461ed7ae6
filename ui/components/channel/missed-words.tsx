import type { Channel } from '../../../api/schemas/channels.ts';
import { Moment } from '../clock.tsx';
import { Copyable } from '../copyable.tsx';

/** What was missed, as far as it is known before an import has looked. */
export function MissedWords({ channel }: { channel: Channel }) {
  if (channel.covered_until === null || channel.import === 'off') return null;
  return (
    <>
      {' '}
      · everything until <Moment at={channel.covered_until} /> is stored, the rest is waiting
    </>
  );
}

/** The codes behind the sentence: ours, and the provider's own. */
export function StatusCode({ channel }: { channel: Channel }) {
  return (
    <>
      {channel.status_reason && <Copyable value={channel.status_reason} label="reason code" />}
      {channel.provider_code && channel.provider_code !== channel.status_reason && (
        <Copyable value={channel.provider_code} label="provider code" />
      )}
    </>
  );
}
